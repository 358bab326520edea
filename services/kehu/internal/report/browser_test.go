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

// visit is what happened while a page was open.
type visit struct {
	mu         sync.Mutex
	complaints []string // of the console, and exceptions
	requests   []string // that left the page
}

func (v *visit) listen(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			v.complaints = append(v.complaints, "console: "+string(e.Type))
		}
	case *runtime.EventExceptionThrown:
		v.complaints = append(v.complaints, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			v.complaints = append(v.complaints, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") {
			v.requests = append(v.requests, url)
		}
	}
}

func (v *visit) result() (complaints, requests []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.complaints, v.requests
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
func open(t *testing.T, ctx context.Context, path string, width int64) (context.Context, *visit) {
	t.Helper()
	v := &visit{}
	ctx, done := chromedp.NewContext(ctx, chromedp.WithListener(v.listen))
	t.Cleanup(done)
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
	return ctx, v
}

// evaluate asks the page.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

func TestTheBrowserTellsWhatAPageDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.html")
	bad := `<!doctype html><title>bad</title><body><img src="http://example.invalid/x.png"><script>console.error("no"); throw new Error("thrown")</script>`
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	_, v := open(t, browser(t), path, 390)
	if complaints, requests := v.result(); len(complaints) < 2 || len(requests) != 1 {
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
				ctx, v := open(t, ctx, path, width)
				wantDrawn(t, ctx)
				wantNoOverflow(t, ctx, width)
				shot(t, ctx, lang, width)
				wantHarmless(t, ctx)
				wantPages(t, ctx)
				if complaints, requests := v.result(); len(complaints) > 0 || len(requests) > 0 {
					t.Errorf("%d wide: complaints %q, requests %q", width, complaints, requests)
				}
			}
		})
	}
}

// wantDrawn checks that every chart is there and shows something.
func wantDrawn(t *testing.T, ctx context.Context) {
	t.Helper()
	const drawn = `[...document.querySelectorAll(%q)].filter(svg => {
		const box = svg.getBoundingClientRect()
		return box.width > 50 && box.height > 5 && [...svg.querySelectorAll("rect")].some(r => r.getBoundingClientRect().width > 1 && r.getBoundingClientRect().height > 1)
	}).length`
	for selector, want := range map[string]int{
		"#reconciliation svg.columns": 1, "#order_values svg.columns": 1, "#intervals svg.columns": 1,
		"#groups svg.bar": 16, "#concentration svg.bar": 6, "#repeat svg.strip": 1, "svg": 26,
	} {
		if got := evaluate[int](t, ctx, strings.Replace(drawn, "%q", `"`+selector+`"`, 1)); got != want {
			t.Errorf("%d of %d charts %s are drawn", got, want, selector)
		}
	}
	if n := evaluate[int](t, ctx, `document.querySelectorAll(".heat td:not(.blank)").length`); n < 100 {
		t.Errorf("%d cells in the cohort table", n)
	}
	if n := evaluate[int](t, ctx, `[...document.querySelectorAll(".heat td.blank")].filter(td => td.textContent !== "").length`); n != 0 {
		t.Errorf("%d months that have not ended show something", n)
	}
}

// wantNoOverflow checks that a reader never scrolls sideways, but in the cohort table.
func wantNoOverflow(t *testing.T, ctx context.Context, width int64) {
	t.Helper()
	if got := evaluate[int64](t, ctx, `document.documentElement.scrollWidth`); got > width {
		t.Errorf("%d wide in a window of %d", got, width)
	}
	const wide = `[...document.querySelectorAll(".scroll:not(.cohorts)")].filter(e => e.scrollWidth > e.clientWidth).map(e => e.closest("section").id + " " + e.scrollWidth)`
	if got := evaluate[[]string](t, ctx, wide); len(got) > 0 {
		t.Errorf("window of %d: tables wider than it: %v", width, got)
	}
}

// wantHarmless checks that names which try to be markup are shown as they are.
func wantHarmless(t *testing.T, ctx context.Context) {
	t.Helper()
	if n := evaluate[int](t, ctx, `document.querySelectorAll("script, img, iframe, object, link, form").length`); n != 0 {
		t.Errorf("%d elements that the page has no use for", n)
	}
	names := evaluate[[]string](t, ctx, `[...document.querySelectorAll("#top .id")].map(e => e.textContent)`)
	shown := strings.Join(names, "\n")
	for _, id := range sample.Hostile()[:8] {
		if !strings.Contains(shown, id) {
			t.Errorf("customer %q is not among\n%s", id, shown)
		}
	}
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// wantPages prints the page.
func wantPages(t *testing.T, ctx context.Context) {
	t.Helper()
	paper, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground(), chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(pdfPage.FindAll(paper, -1)); n < 3 || n > 20 {
		t.Errorf("%d pages on paper", n)
	}
	if dir := os.Getenv("KEHU_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(t.Name())+".pdf"), paper, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// shot keeps a picture of the whole page in the folder KEHU_SCREENSHOTS, for
// somebody to look at.
func shot(t *testing.T, ctx context.Context, lang string, width int64) {
	t.Helper()
	dir := os.Getenv("KEHU_SCREENSHOTS")
	if dir == "" {
		return
	}
	name := lang + "-desktop.png"
	if width < 600 {
		name = lang + "-phone.png"
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Error(err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), picture, 0o600); err != nil {
		t.Error(err)
	}
}
