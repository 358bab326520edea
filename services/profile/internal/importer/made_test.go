package importer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// The files made here have rows that come again, rows that contradict each other, and
// rows that cannot be.

func madeEvents(rng *rand.Rand, rows int, lines bool) csvFile {
	var file strings.Builder
	if !lines {
		file.WriteString("messageId,type,event,timestamp,userId,anonymousId,traits.email,traits.city,price\n")
	}
	for range rows {
		row := map[string]string{
			"messageId": fmt.Sprint("m", rng.IntN(rows)), "type": "track", "event": "Product Added", "userId": fmt.Sprint("U", rng.IntN(4)),
			"timestamp": fmt.Sprintf("2025-03-%02dT10:00:00Z", 1+rng.IntN(28)), "price": fmt.Sprint(rng.IntN(100)),
		}
		switch rng.IntN(12) {
		case 0, 1: // who an address belongs to is decided by the order of the rows
			row["type"], row["event"], row["traits.email"] = "identify", "", fmt.Sprintf("e%d@example.com", rng.IntN(3))
			row["traits.city"] = fmt.Sprint("city", rng.IntN(3))
		case 2:
			row["type"], row["event"], row["anonymousId"] = "identify", "", fmt.Sprint("v", 1+rng.IntN(5))
		case 3:
			row["userId"], row["anonymousId"] = "", fmt.Sprint("v", 1+rng.IntN(5))
		case 4:
			row["timestamp"] = "昨天"
		case 5:
			row["userId"] = fmt.Sprintf("who%d@example.com", rng.IntN(2))
		case 6:
			row["messageId"] = ""
		}
		if !lines {
			for n, name := range []string{"messageId", "type", "event", "timestamp", "userId", "anonymousId", "traits.email", "traits.city", "price"} {
				file.WriteString(strings.Repeat(",", min(n, 1)) + row[name])
			}
			file.WriteString("\n")
			continue
		}
		if rng.IntN(20) == 0 {
			file.WriteString("{\n")
		}
		text, _ := json.Marshal(row) // texts
		file.Write(append(text, '\n'))
	}
	return announce(profilev1.ImportKind_IMPORT_KIND_EVENTS, []byte(file.String()))
}

func madeConsents(rng *rand.Rand, rows int) csvFile {
	var file strings.Builder
	file.WriteString("customer_id,purpose,state,decided_at,evidence\n")
	for range rows {
		purpose := []string{"marketing", "analytics", "营销", "sensitive", "nonsense"}[rng.IntN(5)]
		fmt.Fprintf(&file, "C%d,%s,%s,2025-03-%02d,form %d\n", rng.IntN(5), purpose, []string{"granted", "withdrawn", "?"}[rng.IntN(9)/4], 1+rng.IntN(20), rng.IntN(2))
	}
	return announce(profilev1.ImportKind_IMPORT_KIND_CONSENTS, []byte(file.String()))
}

func madeIdentities(rng *rand.Rand, rows int) csvFile {
	var file strings.Builder
	file.WriteString("customer_id,type,shop,value\n")
	for range rows {
		switch rng.IntN(4) {
		case 0:
			fmt.Fprintf(&file, "C%d,phone,,1381234%04d\n", rng.IntN(9), rng.IntN(20))
		case 1:
			fmt.Fprintf(&file, "C%d,oaid,shop-%d,oaid%d\n", rng.IntN(9), rng.IntN(2), rng.IntN(20))
		case 2:
			fmt.Fprintf(&file, "C%d,phone,,138****%04d\n", rng.IntN(9), rng.IntN(20))
		default:
			fmt.Fprintf(&file, "C%d,email,,e%d@example.com\n", rng.IntN(9), rng.IntN(20))
		}
	}
	return announce(profilev1.ImportKind_IMPORT_KIND_IDENTITIES, []byte(file.String()))
}

func madeCustomers(rng *rand.Rand, rows int) csvFile {
	var file strings.Builder
	file.WriteString("customer_id,name,city,phone,email\n")
	for range rows {
		fmt.Fprintf(&file, "C%d,name %d,,1381234%04d,e%d@example.com\n", rng.IntN(30), rng.IntN(30), rng.IntN(20), rng.IntN(30))
	}
	return customers(file.String())
}

// What a file of each kind says is taken in as it is cut into chunks of any size.
func TestRecordFilesInAnyChunks(t *testing.T) {
	for _, s := range scenarios()[4:] {
		want := s.undisturbed(t)
		for _, chunk := range []int{1, 13, 700} {
			p := fresh(t)
			for _, f := range s.before {
				p.run(t, f, 1<<20)
			}
			if got := p.result(t, p.run(t, s.file, chunk)); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s in chunks of %d:\n%+v\nwant:\n%+v", s.name, chunk, got, want)
			}
		}
	}
}
