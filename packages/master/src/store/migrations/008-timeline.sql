-- What the report's timeline shows besides members and barriers.
ALTER TABLE attempt ADD COLUMN waits TEXT; -- JSON: what members waited for, when the attempt was over
ALTER TABLE attempt ADD COLUMN omitted TEXT; -- JSON: how many barriers, arrivals and waits are not kept
ALTER TABLE member ADD COLUMN boots TEXT; -- JSON: when incarnations ended, and when the next ones began
