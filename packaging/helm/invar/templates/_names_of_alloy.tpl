{{- /* "true" where the value at a path, "a.b.c", is there and not empty. */}}
{{- define "invar.isSet" -}}
{{- $value := .values }}
{{- range splitList "." .path }}
{{- $value = ternary $value dict (kindIs "map" $value) }}
{{- $value = get $value . }}
{{- end }}
{{- if $value }}true{{ end }}
{{- end }}

{{- /* Values of Alloy's chart whose absence would change what runs: refused, with what is there instead. */}}
{{- define "invar.refuse" -}}
{{- $autoscaling := "the chart makes no autoscaler; set controller.replicas, or write the autoscaler into extraObjects" }}
{{- $route := "the chart makes no way in from outside; write it into extraObjects" }}
{{- $secret := "the configuration is a ConfigMap; what is secret in it comes by alloy.envFrom, alloy.mounts.extra or remote.kubernetes.secret" }}
{{- $refused := dict
  "agent" "its name is alloy"
  "namespaceOverride" "choose the namespace by helm's flag --namespace"
  "alloy.secret.create" $secret
  "alloy.secret.name" $secret
  "alloy.windows.enabled" "Invar runs on Linux"
  "controller.autoscaling.enabled" $autoscaling
  "controller.autoscaling.horizontal.enabled" $autoscaling
  "controller.autoscaling.vertical.enabled" $autoscaling
  "ingress.enabled" $route
  "httpRoute.enabled" $route
  "gateway.enabled" $route
  "prometheusRules.rules" "rules that fit Invar's metrics are packaging/mixin/alerts.yaml; write yours into extraObjects" }}
{{- range $path, $instead := $refused }}
{{- if include "invar.isSet" (dict "values" $.Values "path" $path) }}
{{- fail (printf "%s: %s" $path $instead) }}
{{- end }}
{{- end }}
{{- if and .Values.rbac.namespaces .Values.rbac.clusterRules }}
{{- fail "rbac.clusterRules: a Role of rbac.namespaces holds no rights of the whole cluster; use one of both" }}
{{- end }}
{{- if hasSuffix "grafana/alloy" .Values.image.repository }}
{{- fail "image.repository: that image holds Alloy; name the one of Invar (make image)" }}
{{- end }}
{{- end }}

{{- /* Those that change nothing, one a line. */}}
{{- define "invar.idle" -}}
{{- $idle := dict
  "alloy.enableReporting" "Invar reports to nobody"
  "alloy.mounts.varlog" "there are no logs to collect"
  "alloy.mounts.dockercontainers" "there are no logs to collect"
  "alloy.resizePolicy" "what resizing a pod restarts is left to Kubernetes"
  "configReloader" "a change of the configuration restarts the pods, one after another"
  "crds" "Invar needs no resource definitions"
  "sdkInjectionController" "Invar injects nothing" }}
{{- range $path, $why := $idle }}
{{- if include "invar.isSet" (dict "values" $.Values "path" $path) }}
  {{ $path }}: {{ $why }}
{{- end }}
{{- end }}
{{- end }}
