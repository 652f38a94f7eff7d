-- What scripts said by `tutti mark`, and how much was too much to be kept, when the attempt has ended.
ALTER TABLE member ADD COLUMN marks TEXT NOT NULL DEFAULT '[]'; -- JSON: name and time of each
ALTER TABLE member ADD COLUMN omitted TEXT NOT NULL DEFAULT '{}'; -- JSON: how many subtests and marks
