-- How late do usages arrive: the delay from used to received, by UTC week of use, over the last 28 days.
--
-- A device that is offline sends later, so the latest week still looks better than it will. A device whose clock
-- is ahead gives a delay below zero: it counts as zero here, and clock_ahead tells how many there are.
with delayed as materialized (
  select
    date_trunc('week', used_at at time zone 'UTC')::date as week,
    greatest(extract(epoch from received_at - used_at), 0)::float8 as delay_seconds,
    received_at < used_at as ahead
  from usages
  where used_at >= now() - interval '28 days'
)
select
  week,
  count(*) as usages,
  round((percentile_disc(0.5) within group (order by delay_seconds))::numeric, 1) as p50_seconds,
  round((percentile_disc(0.9) within group (order by delay_seconds))::numeric, 1) as p90_seconds,
  round((percentile_disc(0.99) within group (order by delay_seconds))::numeric, 1) as p99_seconds,
  round(max(delay_seconds)::numeric, 1) as max_seconds,
  count(*) filter (where delay_seconds > 3600) as over_an_hour,
  count(*) filter (where delay_seconds > 86400) as over_a_day,
  count(*) filter (where ahead) as clock_ahead
from delayed
group by week
order by week;
