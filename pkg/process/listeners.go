package process

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of HTTP servers that bring none of their own. Answers may stream, so
// writing is not bounded.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
)

// listeners are what a process is reached by.
type listeners struct {
	log       *slog.Logger
	grpc      net.Listener
	public    []httpListener
	admin     *httpListener
	all       []net.Listener
	addresses []string // as they are announced, e.g. "grpc=127.0.0.1:9000"
	draining  atomic.Bool
}

type httpListener struct {
	listener net.Listener
	server   *http.Server
}

func (l *listeners) add(name, setting, address string) (net.Listener, error) {
	listener, err := listenTCP(setting, address)
	if err != nil {
		return nil, err
	}
	l.all = append(l.all, listener)
	l.addresses = append(l.addresses, name+"="+listener.Addr().String())
	return listener, nil
}

func (l *listeners) close() {
	for _, listener := range l.all {
		_ = listener.Close()
	}
}

func newHTTPServer(log *slog.Logger, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // mostly callers that break off
	}
}

// serveHTTP serves until stopped; a server that ends otherwise says so on failed.
func (l *listeners) serveHTTP(failed chan<- error) {
	servers := l.public
	if l.admin != nil {
		servers = append(servers[:len(servers):len(servers)], *l.admin)
	}
	for _, s := range servers {
		go func() {
			if err := s.server.Serve(s.listener); !isClosed(err) {
				failed <- err
			}
		}()
	}
}

// stopPublic lets the requests under way end, and cuts them off after bound.
func (l *listeners) stopPublic(bound time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	var errs []error
	for _, s := range l.public {
		err := s.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			l.log.Warn("requests were cut off", slog.Duration("after", bound))
			err = s.server.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (l *listeners) stopAdmin(ctx context.Context) error {
	if l.admin == nil {
		return nil
	}
	return l.admin.server.Shutdown(ctx)
}
