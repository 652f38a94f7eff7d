ALTER TABLE run ADD COLUMN priority INTEGER NOT NULL DEFAULT 0; -- the higher the sooner
ALTER TABLE run ADD COLUMN suite TEXT NOT NULL DEFAULT ''; -- its name, of the spec
UPDATE run SET suite = json_extract(spec, '$.suite');
