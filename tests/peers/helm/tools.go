//go:build tools

// Package helm pins Helm, which tests draw the chart with.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
