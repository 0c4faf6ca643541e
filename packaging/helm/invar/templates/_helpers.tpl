{{- define "invar.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "invar.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "invar.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "invar.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "invar.selectorLabels" -}}
app.kubernetes.io/name: {{ include "invar.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "invar.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "invar.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "invar.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "invar.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "invar.image" -}}
{{- $registry := default .Values.global.image.registry .Values.image.registry -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{- define "invar.configMapName" -}}
{{- default (include "invar.fullname" .) .Values.alloy.configMap.name }}
{{- end }}

{{- define "invar.configMapKey" -}}
{{- default "config.alloy" .Values.alloy.configMap.key }}
{{- end }}

{{- define "invar.config" -}}
{{- if .Values.alloy.configMap.content }}
{{- tpl .Values.alloy.configMap.content . }}
{{- else }}
{{- tpl (.Files.Get "default.alloy") . }}
{{- end }}
{{- end }}

{{- /* The rules that the configuration's components need, and no more. */}}
{{- define "invar.rules" -}}
{{- range (list .Values.rbac.clusterRules .Values.rbac.extraRules) }}
{{- with . }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- if .Values.rbac.rules }}
{{ toYaml .Values.rbac.rules }}
{{- else }}
{{- $read := list "get" "list" "watch" }}
{{- $core := dict }}
{{- $config := "" }}
{{- if .Values.alloy.configMap.create }}
{{- $config = include "invar.config" . }}
{{- if regexMatch "discovery\\.kubernetes\\s*\"" $config }}
{{- range $role, $resources := dict "pod" "pods" "node" "nodes" "service" "services" "endpoints" "endpoints,services,pods" "endpointslice" "services,pods" }}
{{- if regexMatch (printf "role\\s*=\\s*\"%s\"" $role) $config }}
{{- range splitList "," $resources }}{{ $_ := set $core . true }}{{ end }}
{{- end }}
{{- end }}
{{- if regexMatch "(?s)attach_metadata\\s*\\{[^}]*node\\s*=\\s*true" $config }}{{ $_ := set $core "nodes" true }}{{ end }}
{{- if regexMatch "(?s)attach_metadata\\s*\\{[^}]*namespace\\s*=\\s*true" $config }}{{ $_ := set $core "namespaces" true }}{{ end }}
{{- end }}
{{- if regexMatch "remote\\.kubernetes\\.secret\\s*\"" $config }}
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["get"]
{{- end }}
{{- if regexMatch "remote\\.kubernetes\\.configmap\\s*\"" $config }}
- apiGroups: [""]
  resources: ["configmaps"]
  verbs: ["get"]
{{- end }}
{{- if regexMatch "role\\s*=\\s*\"endpointslice\"" $config }}
- apiGroups: ["discovery.k8s.io"]
  resources: ["endpointslices"]
  verbs: {{ toJson $read }}
{{- end }}
{{- if regexMatch "role\\s*=\\s*\"ingress\"" $config }}
- apiGroups: ["networking.k8s.io"]
  resources: ["ingresses"]
  verbs: {{ toJson $read }}
{{- end }}
{{- if regexMatch "discovery\\.kubelet\\s*\"" $config }}
- apiGroups: [""]
  resources: ["nodes/proxy", "nodes/metrics"]
  verbs: ["get"]
{{- end }}
{{- else }}
{{- $_ := set $core "pods" true }}
{{- end }}
{{- if $core }}
- apiGroups: [""]
  resources: {{ toJson (keys $core | sortAlpha) }}
  verbs: {{ toJson $read }}
{{- end }}
{{- end }}
{{- end }}

{{- define "invar.podTemplate" -}}
metadata:
  labels:
    {{- include "invar.selectorLabels" . | nindent 4 }}
    {{- with .Values.controller.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: invar
    {{- if .Values.alloy.configMap.create }}
    checksum/config: {{ include "invar.config" . | sha256sum }}
    {{- end }}
    {{- with .Values.controller.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "invar.serviceAccountName" . }}
  automountServiceAccountToken: {{ .Values.serviceAccount.automountServiceAccountToken }}
  {{- with (default .Values.global.image.pullSecrets .Values.image.pullSecrets) }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.global.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.controller.terminationGracePeriodSeconds }}
  {{- if .Values.controller.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- if .Values.controller.hostPID }}
  hostPID: true
  {{- end }}
  dnsPolicy: {{ .Values.controller.dnsPolicy }}
  {{- with .Values.controller.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.alloy.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.controller.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: invar
      image: {{ include "invar.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - run
        - --server.http.listen-addr={{ .Values.alloy.listenAddr }}:{{ .Values.alloy.listenPort }}
        - --server.http.ui-path-prefix={{ .Values.alloy.uiPathPrefix }}
        - --storage.path={{ .Values.alloy.storagePath }}
        {{- with .Values.alloy.stabilityLevel }}
        - --stability.level={{ . }}
        {{- end }}
        {{- if .Values.alloy.clustering.enabled }}
        - --cluster.enabled=true
        - --cluster.join-addresses={{ include "invar.fullname" . }}-cluster
        {{- with .Values.alloy.clustering.name }}
        - --cluster.name={{ . }}
        {{- end }}
        {{- end }}
        {{- range .Values.alloy.extraArgs }}
        - {{ . | quote }}
        {{- end }}
        - /etc/invar/{{ include "invar.configMapKey" . }}
      env:
        - name: INVAR_DEPLOY_MODE
          value: helm
        - name: HOSTNAME
          valueFrom: {fieldRef: {fieldPath: {{ if eq .Values.controller.type "daemonset" }}spec.nodeName{{ else }}metadata.name{{ end }}}}
        - name: NODE_NAME
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        {{- with .Values.alloy.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.alloy.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ .Values.alloy.listenPort }}
        {{- range .Values.alloy.extraPorts }}
        - name: {{ .name }}
          containerPort: {{ .targetPort }}
          protocol: {{ coalesce .protocol "TCP" }}
          {{- with .hostPort }}
          hostPort: {{ . }}
          {{- end }}
        {{- end }}
      readinessProbe:
        httpGet:
          path: {{ .Values.alloy.uiPathPrefix | trimSuffix "/" }}/-/ready
          port: {{ .Values.alloy.listenPort }}
          scheme: {{ .Values.alloy.listenScheme }}
        initialDelaySeconds: {{ .Values.alloy.initialDelaySeconds }}
        timeoutSeconds: {{ .Values.alloy.timeoutSeconds }}
      {{- with .Values.alloy.livenessProbe }}
      livenessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.alloy.lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.alloy.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.alloy.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - {name: config, mountPath: /etc/invar, readOnly: true}
        - {name: storage, mountPath: {{ .Values.alloy.storagePath }}}
        - {name: tmp, mountPath: /tmp}
        {{- with .Values.alloy.mounts.extra }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.controller.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "invar.configMapName" . }}}
    - {name: tmp, emptyDir: {}}
    {{- if not (and (eq .Values.controller.type "statefulset") .Values.controller.volumeClaimTemplates) }}
    - {name: storage, emptyDir: {}}
    {{- end }}
    {{- with .Values.controller.volumes.extra }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
