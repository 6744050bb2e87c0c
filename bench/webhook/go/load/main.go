// Command load sends admission reviews over TLS connections that are kept alive, each review with an uid of its own, and
// prints what came of it as one line of JSON. An answer that does not allow the review with its uid is an error.
//
// With -rate 0 each connection sends its next review when the last one is answered. With a rate, reviews have times at which
// they are meant to start, and latency counts from these, so that a server that stalls is not spared the reviews that it
// kept waiting.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Result is what is printed. Latencies are in microseconds.
type Result struct {
	Answered   int     `json:"answered"`
	Errors     int     `json:"errors"`
	FirstError string  `json:"firstError,omitempty"`
	PerSecond  float64 `json:"perSecond"`
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	P999       float64 `json:"p999"`
	Max        float64 `json:"max"`
}

type load struct {
	address  string
	trust    *x509.CertPool
	before   []byte
	after    []byte
	rate     float64
	started  time.Time
	duration time.Duration
	limit    int64
	next     atomic.Int64
}

// uidSize is the length of every uid, so that every body has the same length.
const uidSize = 36

func main() {
	address := flag.String("address", "", "host and port of the webhook")
	ca := flag.String("ca", "", "file with the certificate of its authority")
	body := flag.String("body", "", "file with a review; @UID@ in it becomes the uid")
	connections := flag.Int("connections", 16, "connections at once")
	rate := flag.Float64("rate", 0, "reviews per second; 0: as many as are answered")
	duration := flag.Duration("duration", 5*time.Second, "how long")
	limit := flag.Int64("limit", 0, "reviews after which it ends, whatever the duration; 0: none")
	flag.Parse()

	pem, err := os.ReadFile(*ca)
	must(err)
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(pem)
	review, err := os.ReadFile(*body)
	must(err)
	before, after, found := bytes.Cut(review, []byte("@UID@"))
	if !found {
		must(fmt.Errorf("%s has no @UID@", *body))
	}

	work := &load{address: *address, trust: trust, before: before, after: after, rate: *rate, duration: *duration, limit: *limit}
	results := make([][]time.Duration, *connections)
	errors := make([]error, *connections)
	var failed atomic.Int64
	var all sync.WaitGroup
	work.started = time.Now()
	for i := range *connections {
		all.Go(func() {
			for {
				err := work.run(&results[i])
				if err == nil {
					return
				}
				failed.Add(1)
				if errors[i] == nil {
					errors[i] = err
				}
			}
		})
	}
	all.Wait()
	took := time.Since(work.started)

	latencies := slices.Concat(results...)
	slices.Sort(latencies)
	result := Result{Answered: len(latencies), Errors: int(failed.Load()), PerSecond: float64(len(latencies)) / took.Seconds(), P50: at(latencies, 0.5), P99: at(latencies, 0.99), P999: at(latencies, 0.999), Max: at(latencies, 1)}
	for _, err := range errors {
		if err != nil {
			result.FirstError = err.Error()
			break
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(result))
}

// run uses one connection until the end, or until something is wrong with it.
func (l *load) run(latencies *[]time.Duration) error {
	i, intended, more := l.take()
	if !more {
		return nil
	}
	connection, err := tls.Dial("tcp", l.address, &tls.Config{RootCAs: l.trust, NextProtos: []string{"http/1.1"}})
	if err != nil {
		time.Sleep(10 * time.Millisecond)
		return err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 16<<10)
	request := []byte(fmt.Sprintf("POST /validate?timeout=3s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json, */*\r\nContent-Length: %d\r\n\r\n", l.address, len(l.before)+uidSize+len(l.after)))
	uidAt := len(request) + len(l.before)
	request = append(request, l.before...)
	request = append(request, make([]byte, uidSize)...)
	request = append(request, l.after...)
	var answer bytes.Buffer
	for more {
		uid := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		copy(request[uidAt:], uid)
		if wait := time.Until(intended); wait > 0 {
			time.Sleep(wait)
		}
		start := time.Now()
		if l.rate > 0 {
			start = intended
		}
		if _, err := connection.Write(request); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		answer.Reset()
		_, err = io.Copy(&answer, response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		if response.StatusCode != 200 || !bytes.Contains(answer.Bytes(), []byte(`"allowed":true`)) || !bytes.Contains(answer.Bytes(), []byte(uid)) {
			return fmt.Errorf("%s: %.300s", response.Status, answer.Bytes())
		}
		*latencies = append(*latencies, time.Since(start))
		i, intended, more = l.take()
	}
	return nil
}

// take answers the number of the next review, when it is meant to start, and whether there is one.
func (l *load) take() (int64, time.Time, bool) {
	i := l.next.Add(1) - 1
	intended := time.Now()
	if l.rate > 0 {
		intended = l.started.Add(time.Duration(float64(i) / l.rate * float64(time.Second)))
	}
	return i, intended, intended.Sub(l.started) < l.duration && (l.limit == 0 || i < l.limit)
}

func at(sorted []time.Duration, quantile float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	index := min(int(quantile*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[index].Nanoseconds()) / 1000
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
