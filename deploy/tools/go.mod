module github.com/kehuhq/kehu/deploy/tools

go 1.26.0
