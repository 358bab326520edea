// Package config fills a typed struct from flags, environment and a YAML file.
//
// A field takes part when it has a `koanf` tag; nested structs join their tags
// with a dot. The key `grpc.max_receive` of a program whose prefix is
// KEHU_PROFILE_ is set, strongest first, by
//
//	--grpc-max-receive 8MiB                     (dots and underscores become dashes)
//	KEHU_PROFILE_GRPC__MAX_RECEIVE=8MiB         (a dot becomes two underscores)
//	grpc: {max_receive: 8MiB}                   (in the file)
//
// and keeps the value the caller put into the struct where none of them does.
// A list is a YAML list, or its elements joined by commas; a map is a YAML map,
// or name=value pairs joined by commas. Either replaces the default whole.
package config
