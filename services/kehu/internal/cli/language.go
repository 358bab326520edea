package cli

import "strings"

// language is that of the environment, as POSIX decides it: "zh", otherwise "en".
func language(env func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		value := strings.ToLower(env(name))
		if value == "" {
			continue
		}
		if strings.HasPrefix(value, "zh") {
			return "zh"
		}
		return "en"
	}
	return "en"
}
