module kubeskippy.local/chart/definitions

go 1.26.0

// Only for the definitions of kinds that lie in them: nothing of them is built.
require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
