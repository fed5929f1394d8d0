package web

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// mostStatements is how many SQL statements a page may need, recognising the session
// included. More means that it asks row by row.
const mostStatements = 8

// Metrics measures requests. Labels are route patterns, never addresses.
type Metrics struct{ seconds, statements *prometheus.HistogramVec }

// NewMetrics registers the measurements.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_request_seconds", Help: "Time to answer, by route and status.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route", "status"}),
		statements: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_request_statements", Help: "SQL statements per request, by route.",
			Buckets: []float64{0, 2, 4, mostStatements, 16, 32, 64, 128},
		}, []string{"method", "route"}),
	}
	return m, errors.Join(reg.Register(m.seconds), reg.Register(m.statements))
}

func (m *Metrics) observe(method, route string, status int, took time.Duration, statements int) {
	if m == nil {
		return
	}
	method = label(method)
	m.seconds.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
	m.statements.WithLabelValues(method, route).Observe(float64(statements))
}

// label keeps to the methods that exist: one that strangers choose would grow without bound.
func label(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH":
		return method
	}
	return "other"
}
