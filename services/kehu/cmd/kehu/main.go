// Command kehu is the customer-analysis suite in one binary: the server with
// all services, and the command line of analysts.
package main

import (
	"os"

	"github.com/kehuhq/kehu/services/kehu/internal/cli"
)

// version is set at build time.
var version = "devel"

func main() { os.Exit(cli.Main(version, os.Args[1:])) }
