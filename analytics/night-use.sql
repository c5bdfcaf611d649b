-- Who wakes up for the inhaler: uses from 23:00 to 6:00 local time over the last 28 days, per patient.
--
-- A night belongs to the day on which it begins. A use whose offset from UTC is not known cannot be placed in a
-- night: unplaceable_uses counts those of the same patient and time, at whatever hour, so that a low figure is not
-- mistaken for quiet nights.
with placed as materialized (
  select
    patient_id,
    utc_offset,
    used_at at time zone 'UTC' + make_interval(mins => utc_offset) as local_time
  from usages
  where used_at >= now() - interval '28 days'
),
judged as (
  select
    patient_id,
    utc_offset,
    local_time,
    coalesce(local_time::time >= time '23:00' or local_time::time < time '06:00', false) as at_night
  from placed
)
select
  patient_id,
  count(distinct (local_time - interval '6 hours')::date) filter (where at_night) as nights,
  count(*) filter (where at_night) as night_uses,
  count(*) filter (where utc_offset is not null) as placeable_uses,
  count(*) filter (where utc_offset is null) as unplaceable_uses
from judged
group by patient_id
having count(*) filter (where at_night) > 0
order by nights desc, night_uses desc, patient_id;
