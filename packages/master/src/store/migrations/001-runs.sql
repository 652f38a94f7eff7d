-- Times are master time: Unix ms that no stepping of the wall clock moves (packages/master/src/master-clock.ts).

-- What holds for the whole file, by name: the boot and the base of master time.
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Machines that were let in, as they introduced themselves last.
CREATE TABLE node (
  agent TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  identity TEXT NOT NULL -- JSON: NodeIdentity
) STRICT, WITHOUT ROWID;

CREATE INDEX node_name ON node (name);

CREATE TABLE run (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, -- chosen by who submitted it
  dir TEXT NOT NULL,
  spec TEXT NOT NULL, -- JSON: RunSpec
  owned INTEGER NOT NULL, -- 1: ends when the client that submitted it does not come back
  started REAL NOT NULL,
  phase TEXT NOT NULL,
  "cast" TEXT NOT NULL, -- JSON: role → names of nodes
  facts TEXT NOT NULL, -- JSON: node → Facts, as of the allocation
  cancelled TEXT, -- why, as soon as it was
  status TEXT,
  cause TEXT,
  exit INTEGER,
  duration REAL -- s
) STRICT;
CREATE INDEX run_phase ON run (phase);

CREATE TABLE test (
  run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  idx INTEGER NOT NULL,
  state TEXT NOT NULL,
  started REAL,
  status TEXT,
  cause TEXT,
  duration REAL, -- s
  PRIMARY KEY (run, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  id TEXT PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  test INTEGER NOT NULL,
  n INTEGER NOT NULL,
  opened REAL, -- when all members were told to start
  lingers REAL, -- until when, after the first failure
  extensions TEXT NOT NULL, -- JSON: request → seconds more
  over TEXT, -- why it ended: StopReason
  trouble TEXT, -- JSON: Trouble
  status TEXT,
  cause TEXT,
  barriers TEXT NOT NULL, -- JSON: BarrierRecord[], when it has ended
  UNIQUE (run, test, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
  id TEXT PRIMARY KEY,
  attempt TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  place INTEGER NOT NULL, -- among the members of the attempt
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  idx INTEGER NOT NULL,
  node TEXT NOT NULL,
  essential INTEGER NOT NULL,
  dir TEXT NOT NULL, -- relative to the run's
  state TEXT NOT NULL,
  "end" TEXT, -- JSON: MemberEnd
  end_order INTEGER,
  lost TEXT,
  incarnation INTEGER NOT NULL, -- reboots it came back from
  rebooting TEXT, -- JSON: the reboot it has announced
  collected INTEGER NOT NULL, -- 1: all it left is here
  skipped TEXT NOT NULL, -- JSON
  subtests TEXT NOT NULL, -- JSON: Subtest[], when the attempt has ended
  verdict TEXT -- JSON: Verdict
) STRICT, WITHOUT ROWID;
CREATE INDEX member_attempt ON member (attempt, place);

-- What a sync space has decided, in order; kept until its attempt ends.
CREATE TABLE decision (
  attempt TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  effects TEXT NOT NULL, -- JSON: Effect[]
  PRIMARY KEY (attempt, seq)
) STRICT, WITHOUT ROWID;
