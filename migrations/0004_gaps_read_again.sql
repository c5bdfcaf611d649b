-- An accepted gap is looked for once more, and only where the records are still missing does the partition go on
-- behind it. When that was done, or had become needless, is kept here: no acceptance serves twice.
-- Up Migration
alter table log_gaps add column resumed_at timestamptz;

-- What was accepted before this release was acted upon when it was accepted.
update log_gaps set resumed_at = accepted_at where accepted_at is not null;
