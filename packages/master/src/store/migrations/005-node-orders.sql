-- What was decided about a machine, by operators or by the master: labels, out of service, what it is at.
ALTER TABLE node ADD COLUMN orders TEXT NOT NULL DEFAULT '{}'; -- JSON: Orders
