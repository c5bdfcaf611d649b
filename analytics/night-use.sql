-- Who wakes up for the inhaler: uses from 23:00 to 6:00 local time over the last 28 days, per patient.
--
-- A night belongs to the day on which it begins. A use whose offset from UTC is not known cannot be placed in a
-- night: unplaceable_uses counts those of the same patient and time, at whatever hour, so that a low figure is not
-- mistaken for quiet nights.
with placed as (
  select
    patient_id,
    utc_offset,
    used_at at time zone 'UTC' + make_interval(mins => utc_offset) as local_time
  from usages
  where used_at >= now() - interval '28 days'
),
nights as (
  select
    patient_id,
    -- An hour later, the night is what comes before 7:00. Null by day, and where it cannot be told.
    case when (local_time + interval '1 hour')::time < time '07:00'
      then (local_time - interval '6 hours')::date
    end as night,
    count(*) as uses,
    count(utc_offset) as placeable_uses
  from placed
  group by 1, 2
)
select
  patient_id,
  count(night) as nights,
  sum(uses) filter (where night is not null)::bigint as night_uses,
  sum(placeable_uses)::bigint as placeable_uses,
  sum(uses - placeable_uses)::bigint as unplaceable_uses
from nights
group by patient_id
having count(night) > 0
order by nights desc, night_uses desc, patient_id;
