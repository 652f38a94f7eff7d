-- An attempt that stood still at its first failure, or does so now.
ALTER TABLE attempt ADD COLUMN pause TEXT; -- JSON: what failed, since when, until when, and how it ended
