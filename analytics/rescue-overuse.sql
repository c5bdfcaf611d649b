-- Who leans on rescue medication: patients who used it on more than 8 of the last 28 days, that is on more than 2
-- days a week, which is a common sign of asthma that is not well controlled.
--
-- Which medications are rescue ones is the list below: complete it with the names that your devices send. A day is
-- local; in UTC for uses whose offset from UTC is not known, and uses_in_utc counts those.
with rescue as materialized (
  select
    patient_id,
    used_at,
    utc_offset,
    (used_at at time zone 'UTC' + make_interval(mins => coalesce(utc_offset, 0)))::date as day
  from usages
  where used_at >= now() - interval '28 days'
    and lower(medication) in ('albuterol', 'salbutamol', 'levalbuterol', 'terbutaline', 'fenoterol')
)
select
  patient_id,
  count(distinct day) as days,
  count(*) as uses,
  round(count(*) / 28.0, 1) as uses_a_day,
  max(used_at) as last_use,
  count(*) filter (where utc_offset is null) as uses_in_utc
from rescue
group by patient_id
having count(distinct day) > 8
order by days desc, uses desc, patient_id;
