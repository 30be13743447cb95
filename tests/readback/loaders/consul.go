// Prints what Consul's own loader makes of config files, as JSON; a later file counts more.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/consul/agent/config"
)

func main() {
	loaded, err := config.Load(config.LoadOpts{ConfigFiles: os.Args[1:]})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, warning := range loaded.Warnings {
		fmt.Fprintln(os.Stderr, warning)
	}
	if err := json.NewEncoder(os.Stdout).Encode(loaded.RuntimeConfig.Sanitized()); err != nil {
		panic(err)
	}
}
