package words

var enPage = map[string]string{}
