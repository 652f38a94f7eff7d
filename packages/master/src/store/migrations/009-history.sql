-- The last results of a test by its name, and the last members of a machine, found without a look at the others.
ALTER TABLE test ADD COLUMN name TEXT; -- NULL: setup, or teardown
UPDATE test SET name = named.name FROM (
  SELECT run.number AS run, each.key + (json_extract(run.spec, '$.setup') IS NOT NULL) AS idx,
    json_extract(each.value, '$.name') AS name
  FROM run, json_each(run.spec, '$.tests') AS each
) AS named WHERE test.run = named.run AND test.idx = named.idx;
CREATE INDEX test_name ON test (name, run, idx) WHERE name IS NOT NULL;
CREATE INDEX member_node ON member (node, coalesce(ended, started));
