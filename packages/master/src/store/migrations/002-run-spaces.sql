-- What a sync space has decided, in order; kept until its attempt, or its run, ends.
CREATE TABLE space_decision (
  space TEXT NOT NULL, -- the id of an attempt, or of a run for the space that its tests share
  seq INTEGER NOT NULL,
  effects TEXT NOT NULL, -- JSON: Effect[]
  PRIMARY KEY (space, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO space_decision (space, seq, effects) SELECT attempt, seq, effects FROM decision;
DROP TABLE decision;
ALTER TABLE space_decision RENAME TO decision;

ALTER TABLE attempt ADD COLUMN reboots TEXT NOT NULL DEFAULT '{}'; -- JSON: who asked and request → which incarnation of whom
ALTER TABLE run ADD COLUMN agents TEXT NOT NULL DEFAULT '{}'; -- JSON: name of a node as of the allocation → its agent's id
