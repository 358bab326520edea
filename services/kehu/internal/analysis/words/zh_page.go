package words

var zhPage = map[string]string{}
