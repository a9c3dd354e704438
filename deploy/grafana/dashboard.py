#!/usr/bin/env python3
"""Prints dashboard.json, with Grafana's foundation SDK, whose types are Grafana's own schema.

    tests/install.sh && PYTHONPATH=~/.cache/s3-exporter/tools/grafana-sdk python3 deploy/grafana/dashboard.py

A test compares what it prints with dashboard.json, and runs every query.
"""

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, statetimeline, statushistory, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
# What the variables leave: of a destination, of a cluster there, of a backup job.
DESTINATION = 'destination=~"$destination"'
CLUSTER = DESTINATION + ',cluster=~"$cluster"'
JOB = CLUSTER + ',exported_job=~"$job"'
# Replicas say the same, so that one of them is enough.
BY_DESTINATION = "max by (destination)"
BY_CLUSTER = "max by (destination, cluster)"
BY_JOB = "max by (destination, cluster, exported_job)"
JOB_NAME = "{{destination}} {{cluster}} {{exported_job}}"
CLUSTER_NAME = "{{destination}} {{cluster}}"
OF_PROCESS = " * on (job, instance) group_left () objectstore_exporter_build_info"
RATE = "[$__rate_interval]"

GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"


def query(expr, legend="", instant=False, ref="A"):
    target = prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref).datasource(SOURCE)
    if instant:
        return target.instant().format(prometheus_models.PromQueryFormat.TABLE)
    return target.range()


def place(panel, title, description, unit, width, height):
    return (
        panel.title(title).description(description).unit(unit).datasource(SOURCE).span(width).height(height)
    )


def steps(*values):
    """Colours from a value on: the first from the lowest."""
    thresholds = [models.Threshold(value=value, color=color) for value, color in values]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds)


def words(**texts):
    """What stands for whole numbers: `_0=("late", RED)`."""
    options = {
        key.removeprefix("_"): models.ValueMappingResult(text=text, color=color, index=index)
        for index, (key, (text, color)) in enumerate(texts.items())
    }
    return [models.ValueMap(options=options)]


def number(title, description, expr, unit, thresholds, width=4):
    panel = place(stat.Panel(), title, description, unit, width, 4)
    target = prometheus.Dataquery().expr(expr).ref_id("A").datasource(SOURCE).instant()
    return (
        panel.with_target(target)
        .thresholds(thresholds)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def lines(title, description, unit, *queries, width=12, height=8):
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.RIGHT)
        .calcs(["lastNotNull"])
    )
    panel = place(timeseries.Panel(), title, description, unit, width, height).legend(legend)
    tooltip = common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    for ref, (expr, name) in zip("ABCDEF", queries):
        panel = panel.with_target(query(expr, name, ref=ref))
    return panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING)).min(0)


def states(title, description, expr, legend, mappings, width=12, height=8):
    panel = place(statetimeline.Panel(), title, description, units.NoUnit, width, height)
    return panel.with_target(query(expr, legend)).mappings(mappings).show_value(common.VisibilityMode.NEVER)


def columns(title, description, *queries, names, units_of=None, width=24, height=9, sort=None):
    """A table of the newest values: a row for each set of labels, a column for each query."""
    panel = place(table.Panel(), title, description, units.NoUnit, width, height)
    for ref, expr in zip("ABCDEFG", queries):
        panel = panel.with_target(query(expr, instant=True, ref=ref))
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    organize = {"excludeByName": {"Time": True}, "renameByName": names}
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=organize))
    for name, unit in (units_of or {}).items():
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="unit", value=unit)])
    if sort:
        panel = panel.sort_by([common_builders.TableSortByFieldState().display_name(sort).desc(True)])
    return panel


def choice(name, label, values, every=True):
    variable = dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(values)
    variable = variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable = variable.sort(models.VariableSort.ALPHABETICAL_ASC)
    return variable.multi(True).include_all(True).all_value(".*") if every else variable


def findings(severity):
    own = f'sum({BY_JOB} (objectstore_backup_findings{{severity="{severity}",{JOB}}}))'
    rest = f'sum({BY_DESTINATION} (objectstore_omitted_backup_findings{{severity="{severity}",{DESTINATION}}}))'
    return f"({own} or vector(0)) + ({rest} or vector(0))"


def overdue():
    due = f"objectstore_backup_due_timestamp_seconds{{{JOB}}}"
    scan = "objectstore_scan_last_success_timestamp_seconds"
    late = f"{due} < on (job, instance, destination) group_left () {scan}"
    return f"count({BY_JOB} ({late})) or vector(0)"


def wrong_now(board):
    good = steps((None, GREEN), (1, RED))
    names = {"destination": "Destination", "cluster": "Cluster", "exported_job": "Job", "finding": "Finding"}
    return (
        board.with_row(dashboard.Row("What is wrong now"))
        .with_panel(number("Critical", "Findings of backup jobs whose backups could not be restored as one thinks.", findings("critical"), units.Short, good))
        .with_panel(number("Warnings", "Findings of backup jobs that somebody should look at.", findings("warning"), units.Short, steps((None, GREEN), (1, YELLOW))))
        .with_panel(number("Overdue jobs", "Jobs whose next backup was due and was not there at the last complete scan.", overdue(), units.Short, good))
        .with_panel(number("Clusters without a backup", "Clusters that are known, and have no object that is not empty where one is expected.", f"count({BY_CLUSTER} (objectstore_newest_object_timestamp_seconds{{{CLUSTER}}} == 0)) or vector(0)", units.Short, good))
        .with_panel(number("Failing destinations", "Destinations whose latest scan failed: their figures are from before.", f"sum({BY_DESTINATION} (1 - objectstore_scan_success{{{DESTINATION}}}))", units.Short, good))
        .with_panel(number("Oldest figures", "Since the last complete scan of the destination where that is longest ago.", f"max(time() - {BY_DESTINATION} (objectstore_scan_last_success_timestamp_seconds{{{DESTINATION}}} > 0))", units.Seconds, steps((None, GREEN), (3600, YELLOW), (86400, RED))))
        .with_panel(columns("Findings", "What is wrong with which job. The status page has the whole sentence, and since when.", f"max by (destination, cluster, exported_job, finding) (objectstore_backup_finding{{{JOB}}} == 1)", names=names | {"Value": "Now"}, width=16))
        .with_panel(columns("Failures", "Why scans fail, by the kind of failure.", f"max by (destination, kind) (objectstore_scan_failing{{{DESTINATION}}} == 1)", names={"destination": "Destination", "kind": "Kind", "Value": "Now"}, width=8))
    )


def ages(board):
    last = f"objectstore_backup_last_success_timestamp_seconds{{{JOB}}}"
    due = f"{BY_JOB} (objectstore_backup_due_timestamp_seconds{{{JOB}}}) - time()"
    age = f"time() - {BY_JOB} ({last} > 0)"
    newest = f"objectstore_newest_object_timestamp_seconds{{{CLUSTER}}}"
    names = {"destination": "Destination", "cluster": "Cluster", "exported_job": "Job"}
    values = ["Age", "Due in", "Interval", "Size", "Backups", "Expected"]
    names |= {f"Value #{ref}": value for ref, value in zip("ABCDEF", values)}
    kinds = dict(zip(values, [units.Seconds] * 3 + [units.BytesIEC] + [units.Short] * 2))
    queries = [f"{BY_JOB} (objectstore_{name}{{{JOB}}})" for name in ["backup_expected_interval_seconds", "backup_last_size_bytes", "backups", "backups_expected"]]
    return (
        board.with_row(dashboard.Row("Ages and when the next is due"))
        .with_panel(columns("Backup jobs", "The newest good backup of each job, and when the next must be there: below zero it is overdue.", age, due, *queries, names=names, units_of=kinds, sort="Age"))
        .with_panel(lines("Age of the newest good backup", "By job.", units.Seconds, (age, JOB_NAME)))
        .with_panel(lines("Time until the next is due", "By job, grace included; below zero it is overdue.", units.Seconds, (due, JOB_NAME)).axis_centered_zero(False).min(-86400))
        .with_panel(lines("Age of the newest object", "By cluster, and the destination's max_age.", units.Seconds, (f"time() - {BY_CLUSTER} ({newest} > 0)", CLUSTER_NAME), (f"{BY_DESTINATION} (objectstore_max_age_seconds{{{DESTINATION}}})", "{{destination}} max_age"), width=24))
    )


def wall(board):
    def of(severity):
        return f'(max_over_time(objectstore_backup_findings{{severity="{severity}",{JOB}}}[$__interval]) > bool 0)'

    expr = f'{BY_JOB} ({of("critical")} * 2 or {of("warning")})'
    mappings = words(_0=("good", GREEN), _1=("warning", YELLOW), _2=("critical", RED))
    about = "A cell a day for each job: the worst of that day. A hole is a day without figures."
    panel = place(statushistory.Panel(), "The wall", about, units.NoUnit, 24, 14)
    panel = panel.with_target(query(expr, JOB_NAME)).mappings(mappings).show_value(common.VisibilityMode.NEVER)
    return board.with_row(dashboard.Row("The wall")).with_panel(panel.interval("1d").time_from("35d"))


def sizes(board):
    bytes_of = f"{BY_CLUSTER} (objectstore_objects_size_bytes{{{CLUSTER}}})"
    by_class = f"max by (destination, class) (objectstore_objects_by_class_size_bytes{{{DESTINATION}}})"
    return (
        board.with_row(dashboard.Row("Sizes"))
        .with_panel(lines("Size of the newest good backup", "By job: one that shrinks has lost something.", units.BytesIEC, (f"{BY_JOB} (objectstore_backup_last_size_bytes{{{JOB}}})", JOB_NAME)))
        .with_panel(lines("Newest object beside the median of the newest ten", "By cluster; 0 is empty.", units.PercentUnit, (f"{BY_CLUSTER} (objectstore_newest_object_size_ratio{{{CLUSTER}}})", CLUSTER_NAME)))
        .with_panel(lines("Stored", "By cluster, and what belongs to no known one.", units.BytesIEC, (bytes_of, CLUSTER_NAME), (f"{BY_DESTINATION} (objectstore_unassigned_objects_size_bytes{{{DESTINATION}}})", "{{destination}} unassigned")))
        .with_panel(lines("Stored by class", "By the storage class as the store names it.", units.BytesIEC, (by_class, "{{destination}} {{class}}")))
        .with_panel(lines("Objects", "All that was listed.", units.Short, (f"{BY_DESTINATION} (objectstore_listed_objects{{{DESTINATION}}})", "{{destination}}"), width=24))
    )


def scans(board):
    success = f"{BY_DESTINATION} (objectstore_scan_success{{{DESTINATION}}})"
    last = f"objectstore_scan_last_success_timestamp_seconds{{{DESTINATION}}} > 0"
    failures = f"sum by (destination, kind) (rate(objectstore_scan_failures_total{{{DESTINATION}}}{RATE})) > 0"
    return (
        board.with_row(dashboard.Row("Scans"))
        .with_panel(states("Scans", "Whether the latest scan was complete.", success, "{{destination}}", words(_0=("failed", RED), _1=("complete", GREEN))))
        .with_panel(lines("Age of the figures", "Since the last complete scan, and the interval.", units.Seconds, (f"time() - {BY_DESTINATION} ({last})", "{{destination}}"), (f"{BY_DESTINATION} (objectstore_scan_interval_seconds{{{DESTINATION}}})", "{{destination}} interval")))
        .with_panel(lines("Duration", "Of the latest finished scan.", units.Seconds, (f"{BY_DESTINATION} (objectstore_scan_duration_seconds{{{DESTINATION}}})", "{{destination}}")))
        .with_panel(lines("Failures", "Scans a second that failed, by kind.", "ops", (failures, "{{destination}} {{kind}}")))
        .with_panel(states("Audits", "Whether a listing in parts found what one in sequence does.", f"{BY_DESTINATION} (objectstore_scan_audit_success{{{DESTINATION}}})", "{{destination}}", words(_0=("objects missing", RED), _1=("the same", GREEN))))
        .with_panel(lines("Requests in flight", "That may be: throttling lowers it.", units.Short, (f"{BY_DESTINATION} (objectstore_scan_concurrency{{{DESTINATION}}})", "{{destination}}")))
    )


def requests(board):
    rate = f"rate(objectstore_api_requests_total{{{DESTINATION}}}{RATE})"
    failures = f"sum by (destination, kind) (rate(objectstore_api_request_failures_total{{{DESTINATION}}}{RATE})) > 0"
    month = f"sum by (destination) ({rate}) * 2592000"
    return (
        board.with_row(dashboard.Row("Requests, and what they cost"))
        .with_panel(lines("Requests", "Retries included, of all replicas.", units.RequestsPerSecond, (f"sum by (destination, operation) ({rate})", "{{destination}} {{operation}}")))
        .with_panel(lines("Failed requests", "By kind of failure; retries heal some.", units.RequestsPerSecond, (failures, "{{destination}} {{kind}}")))
        .with_panel(lines("Requests a month", "At the rate of now.", units.Short, (month, "{{destination}}")))
        .with_panel(lines("Money a month", "At the rate of now, by the price of a thousand requests above.", units.Dollars, (f"{month} / 1000 * $price", "{{destination}}")))
    )


def exporter(board):
    reload = "min by (instance) (objectstore_exporter_config_last_reload_successful)"
    up = "max by (resolver) (objectstore_resolver_success)"
    return (
        board.with_row(dashboard.Row("The exporter"))
        .with_panel(states("Sources of names and schedules", "Whether what is known is up to date.", up, "{{resolver}}", words(_0=("failing", RED), _1=("up to date", GREEN))))
        .with_panel(states("Configuration", "Whether the latest one was good; a bad one changes nothing.", reload, "{{instance}}", words(_0=("refused", RED), _1=("in effect", GREEN))))
        .with_panel(lines("Clusters known", "By their source: one that falls has lost names.", units.Short, ("max by (resolver) (objectstore_resolver_clusters)", "{{resolver}}"), width=6))
        .with_panel(lines("Destinations", "By process: where they are shared out, each is at one.", units.Short, ("count by (instance) (objectstore_scan_interval_seconds)", "{{instance}}"), width=6))
        .with_panel(lines("Memory", "Resident.", units.BytesIEC, ("process_resident_memory_bytes" + OF_PROCESS, "{{instance}}"), width=6))
        .with_panel(lines("CPU", "Cores.", units.Short, (f"rate(process_cpu_seconds_total{RATE})" + OF_PROCESS, "{{instance}}"), width=6))
        .with_panel(lines("Not shown", "Clusters and jobs beyond limits.max_clusters and limits.max_jobs, which are summed.", units.Short, (f"{BY_DESTINATION} (objectstore_clusters_omitted{{{DESTINATION}}})", "{{destination}} clusters"), (f"{BY_DESTINATION} (objectstore_backup_jobs_omitted{{{DESTINATION}}})", "{{destination}} jobs")))
        .with_panel(columns("Versions", "What runs.", "max by (instance, version, revision) (objectstore_exporter_build_info)", names={"instance": "Instance", "version": "Version", "revision": "Revision", "Value": "Runs"}, width=12, height=8))
    )


def main():
    jobs = "objectstore_backup_findings"
    board = (
        dashboard.Dashboard("Backups in object storage")
        .uid("s3-exporter")
        .description("Whether the backups in object storage are there, in time, whole and good (s3-exporter).")
        .tags(["backup", "s3-exporter"])
        .timezone("utc")
        .time("now-24h", "now")
        .refresh("1m")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(choice("destination", "Destination", "label_values(objectstore_destination_info, destination)"))
        .with_variable(choice("cluster", "Cluster", f"label_values({{__name__=~\"objectstore_objects|{jobs}\",{DESTINATION}}}, cluster)"))
        .with_variable(choice("job", "Job", f"label_values({jobs}{{{CLUSTER}}}, exported_job)"))
        .with_variable(dashboard.TextBoxVariable("price").label("Price of 1000 requests").default_value("0.005"))
    )
    for part in [wrong_now, ages, wall, sizes, scans, requests, exporter]:
        board = part(board)
    built = board.annotations([]).build()
    for number_of_panel, panel in enumerate(built.panels, 1):
        panel.id_val = number_of_panel
    print(JSONEncoder(sort_keys=True, indent=2).encode(built))


main()
