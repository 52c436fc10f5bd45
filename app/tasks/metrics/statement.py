"""The one statement that all figures come from: the log is read once, then counted in several ways.

Each card's lines are put in the order of their time (and of their ids within one moment). A line holds from its own
time until that of the next one, so every moment of the past has exactly one state of each card. Nothing is taken from
the cards and columns of today.
"""

# A card that left the board is still in the lane it left; it is deleted only after it was archived.
FITS = """
    (cast(:lane as text) is null or coalesce(cast(
        case when t.to_column_id is not null then t.to_lane_id
            when t.kind = 'deleted' then lag(t.from_lane_id) over way
            else t.from_lane_id end as text), 'none') = :lane)
    and (cast(:label as text) is null or jsonb_exists(t.labels, :label))
    and (cast(:category as text) is null or t.category = :category)
    and (cast(:priority as text) is null or t.priority = :priority)
    and (cast(:assignee as text) is null or case when :assignee = 'nobody' then t.assignees = '[]'
         else t.assignees @> jsonb_build_array(jsonb_build_object('id', cast(:assignee as text))) end)
"""

LINES = f"""
line as materialized (
    select t.id, t.board_id, t.card_id, t.at, t.to_column_id as column_id, t.completed_at, t.estimate, ({FITS}) as fits,
        lag(t.to_column_id) over way is distinct from t.to_column_id and t.to_column_id is not null as enters,
        lag(t.id) over way is null as is_first,
        lead(t.at, 1, 'infinity') over way as left_at
    from card_transitions t
    where t.board_id = any(:boards) and t.at < :end
    window way as (partition by t.board_id, t.card_id order by t.at, t.id)
)"""  # noqa: S608  only constants of this file

# What is first known of a column holds for the time before, too: imported history is older than its columns.
ROLES = """
role as materialized (
    select column_id, board_id, name, position, is_done, removed, at, id,
        case when lag(id) over way is null then '-infinity' else at end as since,
        lead(at, 1, 'infinity') over way as until
    from board_column_changes where board_id = any(:boards)
    window way as (partition by column_id order by at, id)
)"""

# Work starts where a card first enters a column that is neither the first of its board nor a done one at that time.
WAY = """
way as materialized (
    select l.card_id,
        min(l.at) as created_at,
        max(l.at) filter (where l.enters) as entered_at,
        min(l.at) filter (where l.enters and r.position > 0 and not r.is_done and not r.removed) as started_at,
        bool_or(l.fits) filter (where l.is_first) as fitted_first
    from line l left join role r on r.column_id = l.column_id and l.at >= r.since and l.at < r.until
    group by l.card_id
)"""
CARDS = """
card as materialized (
    select l.id, l.board_id, l.card_id, l.column_id, l.completed_at, l.estimate, l.fits, w.created_at, w.entered_at,
        w.fitted_first, w.started_at,
        case when w.started_at <= l.completed_at then w.started_at end as cycle_from,
        coalesce(l.fits and l.completed_at >= :since and l.completed_at < :end, false) as finished
    from line l join way w using (card_id) where l.left_at = 'infinity'
),
took as (
    select board_id, completed_at, estimate, cycle_from,
        greatest(extract(epoch from completed_at - created_at), 0) as lead,
        extract(epoch from completed_at - cycle_from) as cycle
    from card where finished
)"""

COLUMNS = """
known as (
    select distinct on (column_id) column_id as id, board_id, name, is_done, removed as gone,
        coalesce(first_value(position) over (partition by column_id order by removed, at desc, id desc), 0) as position
    from role where at < :end or since = '-infinity'
    order by column_id, at desc, id desc
),
used as (
    select t.to_column_id as id, t.board_id, max(t.to_column) as name, bool_or(t.completed_at is not null) as is_done
    from card_transitions t
    where t.board_id = any(:boards) and t.at < :end and t.to_column_id is not null
        and not exists (select from role r where r.column_id = t.to_column_id)
    group by 1, 2
),
col as (
    select id, board_id, name, is_done, gone, position from known
    union all select id, board_id, name, is_done, true, 10000 from used
)"""

# Entering counts +1 and leaving −1 in their day: the sum over the days before is what was there at the end of a day.
FLOW = """
flow as (
    select width_bucket(e.at, cast(:edges as timestamptz[])) as day, l.column_id,
        case when l.completed_at is not null then 'done' when w.started_at <= l.at then 'started' else 'waiting' end
            as stage,
        sum(e.n) as cards, sum(e.n * coalesce(l.estimate, 0)) as estimate,
        sum(e.n) filter (where l.estimate is null) as unestimated
    from line l join way w using (card_id) cross join lateral (values (l.at, 1), (l.left_at, -1)) as e (at, n)
    where l.fits and (l.column_id is not null or l.completed_at is not null) and e.at < 'infinity'
    group by 1, 2, 3
),
daily as (
    select width_bucket(e.at, cast(:edges as timestamptz[])) as day, e.kind, count(*) as cards,
        coalesce(sum(e.estimate), 0) as estimate
    from (
        select created_at as at, 'created' as kind, estimate from card where fitted_first and created_at >= :since
        union all select completed_at, 'completed', estimate from card where finished
    ) e group by 1, 2
)"""

_SPREAD = """jsonb_build_object('cards', count({0}),
    'p50', percentile_disc(0.50) within group (order by {0}) / 86400,
    'p85', percentile_disc(0.85) within group (order by {0}) / 86400,
    'p95', percentile_disc(0.95) within group (order by {0}) / 86400)"""
LEAD, CYCLE, SECONDS = (_SPREAD.format(name) for name in ("lead", "cycle", "seconds"))

TOTALS = f"""
total as (
    select (select count(*) from card where fitted_first and created_at >= :since) as created,
        count(*) as completed, coalesce(sum(estimate), 0) as completed_estimate,
        (select count(*) from card where fits and completed_at >= :before and completed_at < :since)
            as completed_before,
        count(*) filter (where cycle_from is null) as not_started, {LEAD} as lead, {CYCLE} as cycle
    from took
),
stay as (
    select column_id, {SECONDS} as time from (
        select l.card_id, l.column_id, sum(extract(epoch from least(l.left_at, c.completed_at) - l.at)) as seconds
        from line l join card c using (card_id)
        where c.finished and l.column_id is not null and l.at < c.completed_at
        group by 1, 2
    ) s group by column_id
),
by_board as (
    select c.board_id, count(*) filter (where open) as open, count(*) filter (where open and started_at is not null)
        as started, count(*) filter (where open and t.due_on < :today) as overdue,
        count(*) filter (where fitted_first and created_at >= :since) as created,
        count(*) filter (where finished) as completed,
        (select {CYCLE} from took k where k.board_id = c.board_id) as cycle
    from (select *, fits and column_id is not null and completed_at is null as open from card) c
    join card_transitions t on t.id = c.id
    group by c.board_id
)"""  # noqa: S608  only constants of this file

LISTS = """
done_card as (
    select c.card_id, c.board_id, t.number, t.title, c.created_at, c.cycle_from as started_at, c.completed_at,
        greatest(extract(epoch from c.completed_at - c.created_at), 0) / 86400 as lead_days,
        extract(epoch from c.completed_at - c.cycle_from) / 86400 as cycle_days
    from (select * from card where finished order by completed_at desc, card_id limit :most_finished) c
    join card_transitions t on t.id = c.id
),
ageing as (
    select card_id, id, board_id, column_id, started_at, entered_at,
        extract(epoch from :end - started_at) / 86400 as age_days,
        extract(epoch from :end - started_at) > (select percentile_disc(0.85) within group (order by cycle) from took)
            as late
    from card where fits and column_id is not null and completed_at is null and started_at is not null
),
old_card as (
    select a.card_id, a.board_id, t.number, t.title, a.column_id, t.to_column as column, a.started_at, a.age_days,
        (select coalesce(jsonb_agg(p ->> 'name'), '[]') from jsonb_array_elements(t.assignees) p) as assignees,
        extract(epoch from :end - a.entered_at) / 86400 as in_column_days, coalesce(a.late, false) as late
    from (select * from ageing order by started_at, card_id limit :most_ageing) a join card_transitions t on t.id = a.id
),
age as (select count(*) as ageing_cards, count(*) filter (where late) as late_cards from ageing),
load as (
    select p ->> 'id' as person_id, max(p ->> 'name') as name,
        count(*) filter (where not finished) as open,
        coalesce(sum(c.estimate) filter (where not finished), 0) as estimate,
        count(*) filter (where not finished and t.due_on < :today) as overdue,
        count(*) filter (where finished) as completed
    from card c join card_transitions t on t.id = c.id
    left join lateral jsonb_array_elements(t.assignees) p on true
    where c.fits and (c.finished or c.column_id is not null and c.completed_at is null)
    group by 1
)"""

PARTS = {
    "column": "col",
    "flow": "flow",
    "daily": "daily",
    "total": "total",
    "stay": "stay",
    "finished": "done_card",
    "ageing": "old_card",
    "age": "age",
    "load": "load",
    "by_board": "by_board",
}
ANSWERS = [
    f"select '{name}' as part, to_jsonb(x) as found from {table} x"  # noqa: S608  only constants of this file
    for name, table in PARTS.items()
]
STATEMENT = f"with {','.join((LINES, ROLES, WAY, CARDS, COLUMNS, FLOW, TOTALS, LISTS))} {' union all '.join(ANSWERS)}"

# Card → when work on it started, of all cards.
STARTS = (
    f"with {LINES.replace(FITS, 'true')},{ROLES},{WAY} "  # noqa: S608  only constants of this file
    "select card_id, started_at from way where started_at is not null"
)
