#!/usr/bin/env python3
"""Writes the Grafana dashboards beside it (dashboards/*.json): `dashboards.py`, or `dashboards.py --check` for whether they are current.

A dashboard is a title, variables, and rows of panels; a panel is a title, a unit and its queries with their legends."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
ONE = 'job=~"$job", instance=~"$instance"'
ALL = 'job=~"$job"'


def graph(title, unit, *queries, kind="timeseries", width=12):
    return {"title": title, "unit": unit, "queries": queries, "kind": kind, "width": width}


def number(title, unit, query):
    return graph(title, unit, (query, ""), kind="stat", width=6)


DASHBOARDS = {
    "fleet": ("Invar / Fleet", False, [
        number("Collectors", "short", f"count(invar_build_info{{{ALL}}})"),
        number("Profiles delivered", "cps", f"sum(rate(pyroscope_ledger_sent_total{{{ALL}}}[$__rate_interval]))"),
        number("Profiles lost, last day", "short", f"sum(increase(pyroscope_ledger_dropped_total{{{ALL}}}[1d])) + sum(increase(pyroscope_ledger_expired_total{{{ALL}}}[1d]))"),
        number("Components that are not healthy", "short", f'sum(invar_component_controller_running_components{{{ALL}, health_type!="healthy"}}) or vector(0)'),
        graph("Profiles taken by type", "cps", (f"sum by (profile) (rate(pyroscope_ledger_taken_total{{{ALL}}}[$__rate_interval]))", "{{profile}}")),
        graph("Profiles that wait", "short", (f"sum by (instance) (pyroscope_ledger_queued{{{ALL}}})", "{{instance}}")),
        graph("CPU", "short", (f"rate(process_cpu_seconds_total{{{ALL}}}[$__rate_interval]) and on (job, instance) invar_build_info", "{{instance}}")),
        graph("Memory", "bytes", (f"process_resident_memory_bytes{{{ALL}}} and on (job, instance) invar_build_info", "{{instance}}")),
        graph("Versions", "short", (f"count by (version) (invar_build_info{{{ALL}}})", "{{version}}")),
        graph("Configurations", "short", (f"count by (sha256) (invar_config_hash{{{ALL}}})", "{{sha256}}")),
    ]),
    "collector": ("Invar / One collector", True, [
        number("Healthy components", "short", f'sum(invar_component_controller_running_components{{{ONE}, health_type="healthy"}})'),
        number("Last reload succeeded", "bool_yes_no", f"min(invar_config_last_load_successful{{{ONE}}})"),
        number("Memory", "bytes", f"sum(process_resident_memory_bytes{{{ONE}}})"),
        number("Clock against Prometheus", "s", f"max(invar_time_seconds{{{ONE}}} - timestamp(invar_time_seconds{{{ONE}}}))"),
        graph("CPU", "short", (f"rate(process_cpu_seconds_total{{{ONE}}}[$__rate_interval])", "{{instance}}")),
        graph("Memory", "bytes", (f"process_resident_memory_bytes{{{ONE}}}", "resident"), (f"sum(pyroscope_scrape_baseline_bytes{{{ONE}}})", "baselines of deltas"), (f"sum(pyroscope_write_queue_bytes{{{ONE}}})", "queues")),
        graph("Longest task of the loop", "s", (f"invar_loop_longest_task_seconds{{{ONE}}}", "{{instance}}")),
        graph("Evaluations", "cps", (f"rate(invar_component_evaluation_seconds_count{{{ONE}}}[$__rate_interval])", "{{instance}}")),
        graph("Profiles by component", "cps", (f"sum by (component_id) (rate(pyroscope_forwarded_entries_total{{{ONE}}}[$__rate_interval]))", "{{component_id}}")),
        graph("Open files", "short", (f"process_open_fds{{{ONE}}}", "open"), (f"process_max_fds{{{ONE}}}", "limit")),
    ]),
    "targets": ("Invar / Targets", True, [
        number("Targets up", "short", f"sum(pyroscope_scrape_up{{{ONE}}})"),
        number("Targets down", "short", f"sum(1 - pyroscope_scrape_up{{{ONE}}})"),
        number("Scrapes", "cps", f"sum(rate(pyroscope_scrape_scrapes_total{{{ONE}}}[$__rate_interval]))"),
        number("Scrapes missed", "cps", f"sum(rate(pyroscope_scrape_missed_ticks_total{{{ONE}}}[$__rate_interval]))"),
        graph("Scrapes that failed, by reason", "cps", (f'sum by (component_id, reason) (rate(pyroscope_scrape_scrapes_total{{{ONE}, result="failure"}}[$__rate_interval]))', "{{component_id}} {{reason}}")),
        graph("Targets that are down", "short", (f"pyroscope_scrape_up{{{ONE}}} == 0", "{{service_name}} {{instance}}")),
        graph("Duration of scrapes, 99 %", "s", (f"histogram_quantile(0.99, sum by (le, profile) (rate(pyroscope_scrape_duration_seconds_bucket{{{ONE}}}[$__rate_interval])))", "{{profile}}")),
        graph("Size of answers, 99 %", "bytes", (f"histogram_quantile(0.99, sum by (le, profile) (rate(pyroscope_scrape_body_bytes_bucket{{{ONE}}}[$__rate_interval])))", "{{profile}}")),
        graph("Resets of deltas", "cps", (f"sum by (kind) (rate(pyroscope_scrape_delta_resets_total{{{ONE}}}[$__rate_interval]))", "{{kind}}")),
        graph("Targets that are wrong, double or share an address", "short", (f"sum(pyroscope_scrape_bad_targets{{{ONE}}})", "wrong"), (f"sum(pyroscope_scrape_duplicate_targets{{{ONE}}})", "double"), (f"sum(pyroscope_scrape_shared_addresses{{{ONE}}})", "share an address")),
    ]),
    "delivery": ("Invar / Delivery", True, [
        number("Delivered", "cps", f"sum(rate(pyroscope_ledger_sent_total{{{ONE}}}[$__rate_interval]))"),
        number("Waiting", "short", f"sum(pyroscope_ledger_queued{{{ONE}}})"),
        number("Oldest waits for", "s", f"max(pyroscope_write_queue_oldest_age_seconds{{{ONE}}})"),
        number("Lost, last day", "short", f"sum(increase(pyroscope_ledger_dropped_total{{{ONE}}}[1d])) + sum(increase(pyroscope_ledger_expired_total{{{ONE}}}[1d]))"),
        graph("What became of profiles", "cps", *[(f"sum(rate(pyroscope_ledger_{what}_total{{{ONE}}}[$__rate_interval]))", what) for what in ("taken", "sent", "dropped", "expired")]),
        graph("Queues", "short", (f"pyroscope_write_queue_profiles{{{ONE}}}", "{{component_id}} {{endpoint}}")),
        graph("Failed attempts by reason", "cps", (f"sum by (endpoint, code) (rate(pyroscope_write_failed_attempts_total{{{ONE}}}[$__rate_interval]))", "{{endpoint}} {{code}}")),
        graph("Bytes sent", "Bps", (f"sum by (endpoint) (rate(pyroscope_write_sent_bytes_total{{{ONE}}}[$__rate_interval]))", "{{endpoint}}")),
        graph("Queues on disk", "bytes", (f"pyroscope_write_queue_disk_bytes{{{ONE}}}", "{{component_id}} {{endpoint}}")),
        graph("Archives", "bytes", (f"pyroscope_fsdump_current_size_bytes{{{ONE}}}", "{{component_id}}"), (f"pyroscope_fsdump_waiting_bytes{{{ONE}}}", "{{component_id}}, waiting")),
    ]),
    "cluster": ("Invar / Cluster", False, [
        graph("Peers that each node sees", "short", (f"sum by (instance) (cluster_node_peers{{{ALL}}})", "{{instance}}")),
        graph("Peers by state", "short", (f"max by (state) (cluster_node_peers{{{ALL}}})", "{{state}}")),
        graph("Nodes that do their part", "short", (f"sum by (cluster_name) (cluster_ready_for_traffic{{{ALL}}})", "{{cluster_name}}")),
        graph("Lease in etcd", "s", (f"cluster_etcd_lease_seconds{{{ALL}}}", "{{instance}}")),
        graph("Jobs by node", "short", (f"sum by (instance) (pyroscope_scrape_jobs{{{ALL}}})", "{{instance}}")),
        graph("Work by node: bytes of profiles", "Bps", (f"rate(cluster_balance_profile_bytes_total{{{ALL}}}[$__rate_interval])", "{{instance}}")),
        graph("Work by node: CPU", "short", (f"rate(cluster_balance_work_seconds_total{{{ALL}}}[$__rate_interval])", "{{instance}}")),
        graph("Part of the keys by node", "percentunit", (f"cluster_balance_keys_ratio{{{ALL}}}", "{{instance}}")),
        graph("Greatest cost of a node by the mean", "short", (f"cluster_balance_max_to_mean{{{ALL}}}", "{{cluster_name}}, weighed by {{instance}}")),
        graph("Parts of the keys that plans moved", "short", (f"rate(cluster_balance_moved_slots_total{{{ALL}}}[$__rate_interval]) / 16384", "by {{instance}}")),
        graph("Plan that holds", "short", (f"cluster_balance_plan_epoch{{{ALL}}}", "{{instance}}")),
        graph("CPU by node", "short", (f"rate(process_cpu_seconds_total{{{ALL}}}[$__rate_interval]) and on (job, instance) cluster_node_info", "{{instance}}")),
    ]),
}


def panel(number_of, described, x, y):
    return {
        "id": number_of,
        "type": described["kind"],
        "title": described["title"],
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": described["width"], "h": 4 if described["kind"] == "stat" else 8},
        "fieldConfig": {"defaults": {"unit": described["unit"], "min": None if described["kind"] == "stat" else 0}, "overrides": []},
        "options": {} if described["kind"] == "stat" else {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [{"refId": chr(ord("A") + i), "datasource": DATASOURCE, "expr": query, "legendFormat": legend}
                    for i, (query, legend) in enumerate(described["queries"])],
    }


def variable(name, query):
    return {"name": name, "type": "query", "datasource": DATASOURCE, "query": query, "refresh": 2, "includeAll": True, "multi": True,
            "current": {"text": "All", "value": "$__all"}}


def dashboard(name, title, of_one, described):
    panels, x, y = [], 0, 0
    for one in described:
        height = 4 if one["kind"] == "stat" else 8
        if panels and panels[-1]["gridPos"]["h"] != height and x:
            x, y = 0, y + panels[-1]["gridPos"]["h"]
        panels.append(panel(len(panels) + 1, one, x, y))
        x += one["width"]
        if x >= 24:
            x, y = 0, y + height
    variables = [{"name": "datasource", "type": "datasource", "query": "prometheus"}, variable("job", "label_values(invar_build_info, job)")]
    if of_one:
        variables.append(variable("instance", 'label_values(invar_build_info{job=~"$job"}, instance)'))
    return {"uid": f"invar-{name}", "title": title, "tags": ["invar"], "schemaVersion": 38, "editable": True, "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"}, "templating": {"list": variables}, "panels": panels,
            "links": [{"type": "dashboards", "tags": ["invar"], "title": "Invar", "asDropdown": True, "keepTime": True, "includeVars": True}]}


def main():
    stale = []
    HERE.mkdir(exist_ok=True)
    for name, (title, of_one, panels) in DASHBOARDS.items():
        text = json.dumps(dashboard(name, title, of_one, panels), indent=1) + "\n"
        file = HERE / f"{name}.json"
        if "--check" not in sys.argv:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            stale.append(file.name)
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run packaging/mixin/dashboards.py")


if __name__ == "__main__":
    main()
