package shop

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var (
	districts = []string{"新城区", "城东区", "西湖区", "开发区", "南山区", "江北区", "高新区", "老城区", "滨江区", "龙泉区"}
	streets   = []string{
		"人民路", "中山路", "建设路", "解放路", "和平路", "文化路", "科技园路", "学府街", "长江路", "黄河路", "新华路", "北京路",
		"南京西路", "胜利街", "光明大道", "迎宾大道", "湖滨路", "花园街", "东风路", "青年路", "体育场路", "工业大道", "朝阳街", "永安巷",
	}
	estates        = []string{"阳光花园", "锦绣家园", "翠湖苑", "金域华府", "幸福里", "明珠小区", "东方公寓", "绿地新城"}
	foreignStreets = []string{
		"High Street", "Station Road", "Church Lane", "Victoria Road", "Park Avenue", "Mill Lane", "Queen Street",
		"King Street", "Green Lane", "School Road", "North Street", "Grange Road", "Springfield Drive", "Manor Road",
	}
)

func someHome(rng *rand.Rand) home {
	h := home{
		number: 1 + rng.IntN(300), building: 1 + rng.IntN(20), stair: 1 + rng.IntN(4),
		room: (1+rng.IntN(25))*100 + 1 + rng.IntN(4), foreign: rng.Float64() < 0.12,
	}
	at := choose(rng, chinesePlaces)
	h.district, h.street, h.estate = choose(rng, districts), choose(rng, streets), choose(rng, estates)
	if h.foreign {
		at, h.district, h.street = choose(rng, foreignPlaces), "", choose(rng, foreignStreets)
	}
	h.region, h.city = at.region, at.city
	return h
}

var abbreviated = strings.NewReplacer("Street", "St", "Road", "Rd", "Lane", "Ln", "Avenue", "Ave", "Drive", "Dr")

// addressStyles is the number of ways in which line writes an address.
const addressStyles = 5

// line writes street and number in one of the ways people do.
func (h home) line(style int) string {
	if h.foreign {
		short := h.street
		if style >= 3 {
			short = abbreviated.Replace(short)
		}
		return [addressStyles]string{
			fmt.Sprintf("%d %s, Flat %d", h.number, short, h.building),
			fmt.Sprintf("Flat %d, %d %s", h.building, h.number, short),
			fmt.Sprintf("%d %s, Apt %d, %s", h.number, short, h.building, h.city),
			fmt.Sprintf("%d %s Flat %d", h.number, short, h.building),
			fmt.Sprintf("flat %d %d %s", h.building, h.number, short),
		}[style]
	}
	province := h.region + "省"
	if h.region == h.city { // Beijing, Shanghai and the like
		province = ""
	}
	return [addressStyles]string{
		fmt.Sprintf("%s%d号%s%d栋%d单元%d室", h.street, h.number, h.estate, h.building, h.stair, h.room),
		fmt.Sprintf("%s市%s%s%d号%d栋%d单元%d", province+h.city, h.district, h.street, h.number, h.building, h.stair, h.room),
		fmt.Sprintf("%s%d号%d-%d-%d", h.street, h.number, h.building, h.stair, h.room),
		fmt.Sprintf("%s%s %d号 %s %d幢%d室", h.district, h.street, h.number, h.estate, h.building, h.room),
		fmt.Sprintf("%s%s号%s%d号楼%d单元%d", h.street, chineseNumber(h.number), h.estate, h.building, h.stair, h.room),
	}[style]
}

// chineseNumber writes a number below 1,000 digit by digit where it has three
// digits, as house numbers are read, and in words otherwise.
func chineseNumber(n int) string {
	digits := []rune("〇一二三四五六七八九")
	switch {
	case n < 10:
		return string(digits[n])
	case n < 20 && n%10 == 0:
		return "十"
	case n < 20:
		return "十" + string(digits[n%10])
	case n < 100 && n%10 == 0:
		return string(digits[n/10]) + "十"
	case n < 100:
		return string(digits[n/10]) + "十" + string(digits[n%10])
	}
	return string(digits[n/100]) + string(digits[n/10%10]) + string(digits[n%10])
}
