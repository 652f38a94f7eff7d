-- What drivers and operators start on the machines of a test's members.
CREATE TABLE command (
  id TEXT PRIMARY KEY, -- from its attempt, who asked for it, and the request
  attempt TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  place INTEGER NOT NULL, -- among the commands of the attempt
  asked TEXT NOT NULL, -- JSON: what of a CommandRun never changes
  state TEXT NOT NULL -- JSON: what has become of it
) STRICT, WITHOUT ROWID;
CREATE INDEX command_attempt ON command (attempt, place);
