-- Who leans on rescue medication: patients who used it on more than 8 of the last 28 days, that is on more than 2
-- days a week, which is a common sign of asthma that is not well controlled.
--
-- Which medications are rescue ones is the list below: complete it with the names that your devices send. A day is
-- local; in UTC for uses whose offset from UTC is not known, and uses_in_utc counts those.
with days as (
  select
    patient_id,
    (used_at at time zone 'UTC' + make_interval(mins => coalesce(utc_offset, 0)))::date as day,
    count(*) as uses,
    count(*) filter (where utc_offset is null) as uses_in_utc,
    max(used_at) as last_use
  from usages
  where used_at >= now() - interval '28 days'
    and lower(medication) in ('albuterol', 'salbutamol', 'levalbuterol', 'terbutaline', 'fenoterol')
  group by 1, 2
)
select
  patient_id,
  count(*) as days,
  sum(uses)::bigint as uses,
  round(sum(uses) / 28.0, 1) as uses_a_day,
  max(last_use) as last_use,
  sum(uses_in_utc)::bigint as uses_in_utc
from days
group by patient_id
having count(*) > 8
order by days desc, uses desc, patient_id;
