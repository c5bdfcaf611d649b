-- How late do usages arrive: the delay from used to received, by UTC week of use, over the last 28 days.
--
-- Delays are rounded to a tenth of a second. A device that is offline sends later, so the latest week still looks
-- better than it will. A device whose clock is ahead gives a delay below zero: it counts as zero here, and
-- clock_ahead tells how many there are.
with delayed as (
  select
    date_trunc('week', used_at at time zone 'UTC')::date as week,
    greatest(round(10 * date_part('epoch', received_at - used_at)), 0) as tenths,
    received_at < used_at as ahead
  from usages
  where used_at >= now() - interval '28 days'
  offset 0 -- keeps Postgres from taking every delay for a different one, and so from sorting all rows
),
counted as (
  select week, tenths, count(*) as usages, count(*) filter (where ahead) as ahead from delayed group by 1, 2
),
ranked as (
  select
    *,
    sum(usages) over (partition by week order by tenths) as up_to_here,
    sum(usages) over (partition by week) as of_week
  from counted
)
select
  week,
  sum(usages)::bigint as usages,
  round((min(tenths) filter (where up_to_here >= 0.50 * of_week) / 10)::numeric, 1) as p50_seconds,
  round((min(tenths) filter (where up_to_here >= 0.90 * of_week) / 10)::numeric, 1) as p90_seconds,
  round((min(tenths) filter (where up_to_here >= 0.99 * of_week) / 10)::numeric, 1) as p99_seconds,
  round((max(tenths) / 10)::numeric, 1) as max_seconds,
  coalesce(sum(usages) filter (where tenths > 36000), 0)::bigint as over_an_hour,
  coalesce(sum(usages) filter (where tenths > 864000), 0)::bigint as over_a_day,
  sum(ahead)::bigint as clock_ahead
from ranked
group by week
order by week;
