-- What webhooks are to be told of runs.
CREATE TABLE notification (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL, -- of the delivery: the same at every try
  run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  event TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT, -- JSON: Notification; NULL: delivered, or given up
  created REAL NOT NULL,
  tries INTEGER NOT NULL, -- that failed
  next REAL NOT NULL, -- when it is tried again
  UNIQUE (run, event, url)
) STRICT;
CREATE INDEX notification_owed ON notification (seq) WHERE body IS NOT NULL;
