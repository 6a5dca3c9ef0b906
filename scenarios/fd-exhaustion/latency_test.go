package network

import (
	"fmt"
	"io"
	"math"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"testing"
	"time"
)

// histogram is Prometheus's: so many observations up to each bound.
type histogram struct {
	bounds []float64
	counts []float64
}

// exponential makes the document's buckets: ExponentialBuckets(0.001, 2, 12).
func exponential(start, factor float64, n int) *histogram {
	h := &histogram{counts: make([]float64, n+1)}
	for ; n > 0; n-- {
		h.bounds = append(h.bounds, start)
		start *= factor
	}
	return h
}

func (h *histogram) observe(seconds float64) {
	h.counts[sort.SearchFloat64s(h.bounds, seconds)]++
}

// quantile is histogram_quantile: linear within the bucket of the rank.
func (h *histogram) quantile(q float64) float64 {
	total := 0.0
	for _, count := range h.counts {
		total += count
	}
	rank, below := q*total, 0.0
	for i, bound := range h.bounds {
		if below+h.counts[i] >= rank && h.counts[i] > 0 {
			lower := 0.0
			if i > 0 {
				lower = h.bounds[i-1]
			}
			return lower + (bound-lower)*(rank-below)/h.counts[i]
		}
		below += h.counts[i]
	}
	return h.bounds[len(h.bounds)-1]
}

// quantile is the true one: of that share of them, none is greater.
func quantile(all []float64, q float64) float64 {
	sorted := append([]float64(nil), all...)
	sort.Float64s(sorted)
	return sorted[int(math.Ceil(q*float64(len(sorted))))-1]
}

// requests has a handler read a file for each request, and gives how long
// that took.
func requests(t *testing.T, n int) (seconds []float64) {
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte("page"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		begin := time.Now()
		page, err := os.ReadFile(file)
		seconds = append(seconds, time.Since(begin).Seconds())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(page)
	}))
	defer server.Close()
	for i := 0; i < n; i++ {
		response, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != "page" {
			t.Fatalf("%q, %v", body, err)
		}
	}
	return seconds
}

func larger(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// TestSampling estimates the 99th percentile of the same 300 requests from all
// of them and from samples, by the document's buckets and without buckets.
func TestSampling(t *testing.T) {
	all := requests(t, 300)
	truth := quantile(all, 0.99)
	t.Logf("requests=%d p50_us=%d p95_us=%d p99_us=%d", len(all),
		int(quantile(all, 0.5)*1e6), int(quantile(all, 0.95)*1e6), int(truth*1e6))
	wrong := func(estimate float64) int { return int(math.Abs(estimate-truth) / truth * 100) }
	for _, rate := range []float64{1, 0.1, 0.01} {
		byBuckets, bySample := 0, 0
		for seed := int64(1); seed <= 20; seed++ {
			chance, h, sample := rand.New(rand.NewSource(seed)), exponential(0.001, 2, 12), []float64(nil)
			for _, one := range all {
				if chance.Float64() < rate {
					h.observe(one)
					sample = append(sample, one)
				}
			}
			if len(sample) == 0 {
				continue
			}
			byBuckets = larger(byBuckets, wrong(h.quantile(0.99)))
			bySample = larger(bySample, wrong(quantile(sample, 0.99)))
		}
		name := fmt.Sprintf("rate_%g", rate*100)
		t.Logf("%s_buckets_error_percent=%d %s_sample_error_percent=%d", name, byBuckets, name, bySample)
	}
}
