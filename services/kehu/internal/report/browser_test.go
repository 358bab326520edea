package report

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis/sample"
)

// tab is a page that is open, and what happens in it meanwhile.
type tab struct {
	t          *testing.T
	ctx        context.Context
	width      int64
	mu         sync.Mutex
	complaints []string // of the console, and exceptions
	requests   []string // that left the page
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.complaints = append(p.complaints, "console: "+string(e.Type))
		}
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.complaints = append(p.complaints, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") {
			p.requests = append(p.requests, url)
		}
	}
}

func (p *tab) result() (complaints, requests []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complaints, p.requests
}

// browser starts a Chromium of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	var found string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		if os.Getenv("CI") != "" || os.Getenv("KEHU_REQUIRE_BROWSER") != "" {
			t.Fatal("no Chromium on PATH: install chromium")
		}
		t.Skip("no Chromium on PATH: install chromium to have the report opened in it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	// The first run starts the browser; tabs opened later share it.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// open opens a file in a tab of its own, in a window of the width given.
func open(ctx context.Context, t *testing.T, path string, width int64) *tab {
	t.Helper()
	p := &tab{t: t, width: width}
	ctx, done := chromedp.NewContext(ctx, chromedp.WithListener(p.listen))
	t.Cleanup(done)
	p.ctx = ctx
	listening := func(ctx context.Context, _ *chromedp.Target) error {
		_, network := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		_, log := chromedp.Call(ctx, log.Enable, cdp.Empty{})
		return errors.Join(network, log)
	}
	var phone []chromedp.EmulateViewportOption
	if width < 600 {
		phone = append(phone, chromedp.EmulateMobile)
	}
	err := chromedp.Do(ctx, chromedp.Func(listening), chromedp.EmulateViewport(width, 844, phone...), chromedp.Navigate("file://"+path))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// evaluate asks the page.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	answer, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

func TestTheBrowserTellsWhatAPageDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.html")
	bad := `<!doctype html><title>bad</title><body><img src="http://example.invalid/x.png"><script>console.error("no"); throw new Error("thrown")</script>`
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if complaints, requests := open(browser(t), t, path, 390).result(); len(complaints) < 2 || len(requests) != 1 {
		t.Errorf("complaints %q, requests %q", complaints, requests)
	}
}

func TestPageInABrowser(t *testing.T) {
	ctx := browser(t)
	shop := sample.New(1, 3000, 30)
	for _, lang := range []string{"zh", "en"} {
		t.Run(lang, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lang+".html")
			if err := os.WriteFile(path, []byte(rendered(t, shop.Report(), lang)), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, width := range []int64{390, 1200} {
				p := open(ctx, t, path, width)
				p.wantDrawn()
				p.wantNoOverflow()
				p.wantHarmless()
				p.keepPicture(lang)
				p.wantPages()
				if complaints, requests := p.result(); len(complaints) > 0 || len(requests) > 0 {
					t.Errorf("%d wide: complaints %q, requests %q", width, complaints, requests)
				}
			}
		})
	}
}

// wantDrawn checks that every chart is there and shows something.
func (p *tab) wantDrawn() {
	p.t.Helper()
	const drawn = `[...document.querySelectorAll(%q)].filter(svg => {
		const box = svg.getBoundingClientRect()
		return box.width > 50 && box.height > 5 && [...svg.querySelectorAll("rect")].some(r => r.getBoundingClientRect().width > 1 && r.getBoundingClientRect().height > 1)
	}).length`
	for selector, want := range map[string]int{
		"#reconciliation svg.columns": 1, "#order_values svg.columns": 1, "#intervals svg.columns": 1,
		"#groups svg.bar": 16, "#concentration svg.bar": 6, "#repeat svg.strip": 1, "svg": 26,
	} {
		if got := evaluate[int](p, strings.Replace(drawn, "%q", `"`+selector+`"`, 1)); got != want {
			p.t.Errorf("%d of %d charts %s are drawn", got, want, selector)
		}
	}
	if n := evaluate[int](p, `document.querySelectorAll(".heat td:not(.blank)").length`); n < 100 {
		p.t.Errorf("%d cells in the cohort table", n)
	}
	if n := evaluate[int](p, `[...document.querySelectorAll(".heat td.blank")].filter(td => td.textContent !== "").length`); n != 0 {
		p.t.Errorf("%d months that have not ended show something", n)
	}
}

// wantNoOverflow checks that a reader never scrolls sideways, but in the cohort table.
func (p *tab) wantNoOverflow() {
	p.t.Helper()
	if got := evaluate[int64](p, `document.documentElement.scrollWidth`); got > p.width {
		p.t.Errorf("%d wide in a window of %d", got, p.width)
	}
	const wide = `[...document.querySelectorAll(".scroll:not(.cohorts)")].filter(e => e.scrollWidth > e.clientWidth).map(e => e.closest("section").id + " " + e.scrollWidth)`
	if got := evaluate[[]string](p, wide); len(got) > 0 {
		p.t.Errorf("window of %d: tables wider than it: %v", p.width, got)
	}
}

// wantHarmless checks that names which try to be markup are shown as they are.
func (p *tab) wantHarmless() {
	p.t.Helper()
	if n := evaluate[int](p, `document.querySelectorAll("script, img, iframe, object, link, form").length`); n != 0 {
		p.t.Errorf("%d elements that the page has no use for", n)
	}
	names := evaluate[[]string](p, `[...document.querySelectorAll("#top .id")].map(e => e.textContent)`)
	shown := strings.Join(names, "\n")
	for _, id := range sample.Hostile()[:8] {
		if !strings.Contains(shown, id) {
			p.t.Errorf("customer %q is not among\n%s", id, shown)
		}
	}
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// wantPages prints the page.
func (p *tab) wantPages() {
	p.t.Helper()
	paper, err := chromedp.Run(p.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground(), chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		p.t.Fatal(err)
	}
	if n := len(pdfPage.FindAll(paper, -1)); n < 3 || n > 20 {
		p.t.Errorf("%d pages on paper", n)
	}
	if dir := os.Getenv("KEHU_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(p.t.Name())+".pdf"), paper, 0o600); err != nil {
			p.t.Error(err)
		}
	}
}

// keepPicture keeps a picture of the whole page in the folder KEHU_SCREENSHOTS, for
// somebody to look at.
func (p *tab) keepPicture(lang string) {
	p.t.Helper()
	dir := os.Getenv("KEHU_SCREENSHOTS")
	if dir == "" {
		return
	}
	name := lang + "-desktop.png"
	if p.width < 600 {
		name = lang + "-phone.png"
	}
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Error(err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), picture, 0o600); err != nil {
		p.t.Error(err)
	}
}
