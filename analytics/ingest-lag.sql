-- How fresh is what I see here?
--
-- First: when was the newest usage received that is in Postgres, and how many came in the last hour. Looks at uses
-- of the last 2 days; without traffic the newest is old although nothing is behind. The exact delay of every
-- record is usage_ingest_lag_seconds in the metrics.
select
  max(received_at) as newest_received,
  round(extract(epoch from now() - max(received_at)))::bigint as seconds_ago,
  count(*) filter (where received_at >= now() - interval '1 hour') as received_in_the_last_hour
from usages
where used_at >= now() - interval '2 days';

-- Second: each partition of the log that was stored from in the last day or has a gap to be accepted.
select
  positions.source,
  positions.partition,
  positions.position,
  round(extract(epoch from now() - positions.updated_at))::bigint as moved_seconds_ago,
  count(gaps.id) as open_gaps
from log_positions positions
left join log_gaps gaps
  on gaps.source = positions.source
  and gaps.partition = positions.partition
  and gaps.accepted_at is null
group by positions.source, positions.partition
having positions.updated_at >= now() - interval '1 day' or count(gaps.id) > 0
order by moved_seconds_ago, positions.source, positions.partition;
