-- Who fell silent: patients with at least 4 uses in the 76 days before the last 14, and none in the last 14 days.
--
-- It may be a good sign, an empty battery, a lost phone or a patient who gave up: worth a call. usual_days is their
-- average number of days between two uses before; silent_days how long it is quiet now.
select
  patient_id,
  max(used_at) as last_use,
  extract(day from now() - max(used_at))::int as silent_days,
  round((extract(epoch from max(used_at) - min(used_at)) / 86400 / (count(*) - 1))::numeric, 1) as usual_days,
  count(*) as uses
from usages
where used_at >= now() - interval '90 days'
group by patient_id
having max(used_at) < now() - interval '14 days' and count(*) >= 4
order by usual_days, silent_days desc, patient_id;
