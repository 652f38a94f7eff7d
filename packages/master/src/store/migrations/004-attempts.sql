-- Times for the report's timeline, and what ends a run besides its tests.
ALTER TABLE attempt ADD COLUMN ended REAL; -- when it had its verdict
ALTER TABLE member ADD COLUMN started REAL; -- when its node said so
ALTER TABLE member ADD COLUMN ended REAL;
ALTER TABLE run ADD COLUMN allocated REAL;
ALTER TABLE run ADD COLUMN overdue INTEGER NOT NULL DEFAULT 0; -- 1: it was cancelled because its time was over

-- What was role → nodes tells what was asked of them, too: [{need: {role, where, count}, nodes}].
UPDATE run SET "cast" = (
  SELECT json_group_array(
    json_object('need', json_object('role', key, 'count', json_array_length(value)), 'nodes', json(value))
  ) FROM json_each(run."cast")
);
