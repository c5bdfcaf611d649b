-- What is there twice, and what is not there at all?
--
-- First: usages that look sent twice under two ids, as a client does that repeats a request without an id: the
-- same patient, instant and medication, by UTC day, over the last 28 days. Repeats with the same id are never
-- stored twice; how many there were is usage_duplicate_total in the metrics.
with repeated as (
  select used_at, count(*) as copies
  from usages
  where used_at >= now() - interval '28 days'
  group by patient_id, used_at, medication
  having count(*) > 1
)
select
  (used_at at time zone 'UTC')::date as day,
  count(*) as doubled_usages,
  sum(copies - 1)::bigint as extra_rows
from repeated
group by 1
order by 1;

-- Second: what Postgres refused, by UTC day and error; waiting ones can be stored with "dead-letters replay".
select
  (failed_at at time zone 'UTC')::date as day,
  error,
  count(*) as dead_letters,
  count(*) filter (where replayed_at is null) as waiting
from dead_letters
group by 1, 2
order by 1, 2;
