-- What is used, and does it change: each medication's uses and share over the last 28 days, beside the 28 days
-- before.
--
-- share is of all uses of its 28 days, in percent; share_change is in percentage points; uses_change is in percent
-- and empty for a medication that is new.
with counted as (
  select
    medication,
    count(*) filter (where used_at >= now() - interval '28 days') as uses,
    count(*) filter (where used_at < now() - interval '28 days') as uses_before
  from usages
  where used_at >= now() - interval '56 days'
    and used_at < now()
  group by medication
),
shared as (
  select
    *,
    100.0 * uses / nullif(sum(uses) over (), 0) as share,
    100.0 * uses_before / nullif(sum(uses_before) over (), 0) as share_before
  from counted
)
select
  medication,
  uses,
  uses_before,
  round(100.0 * (uses - uses_before) / nullif(uses_before, 0), 1) as uses_change,
  round(share, 1) as share,
  round(share - share_before, 1) as share_change
from shared
order by uses desc, medication;
