-- How often did each patient use the inhaler on which day, over the last 7 days?
--
-- A day is the device's local day. Where the device did not tell its offset from UTC, the day is UTC's, and
-- day_in says so. For one patient over all time, put "patient_id = '...'" in the place of the time: the primary
-- key begins with the patient.
select
  patient_id,
  (used_at at time zone 'UTC' + make_interval(mins => coalesce(utc_offset, 0)))::date as day,
  case when utc_offset is null then 'UTC' else 'local' end as day_in,
  count(*) as uses,
  count(distinct medication) as medications
from usages
where used_at >= now() - interval '7 days'
group by 1, 2, 3
order by 1, 2, 3;
