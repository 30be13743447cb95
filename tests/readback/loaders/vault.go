// Prints what Vault's own loader makes of a config file, as JSON: the storage, and all but secrets.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/vault/command/server"
)

func main() {
	loaded, err := server.LoadConfig(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, problem := range loaded.Validate(os.Args[1]) {
		fmt.Fprintln(os.Stderr, problem.String())
	}
	made := map[string]any{"storage": loaded.Storage, "all": loaded.Sanitized()}
	if err := json.NewEncoder(os.Stdout).Encode(made); err != nil {
		panic(err)
	}
}
