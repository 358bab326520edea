package shop

import (
	"strconv"
	"strings"
)

// Product is an article of the shop.
type Product struct {
	SKU      string // e.g. "coffee-grinder"
	Category string // e.g. "咖啡"
	Price    int64  // list price in minor units of CNY
	// Companion is the SKU that buyers of this one mostly need as well, and go on
	// needing; "" without one.
	Companion string
	// Replenished goods are used up and bought again.
	Replenished bool
}

// shelves are the shop's categories: the Chinese name, the word that its articles'
// numbers begin with, and the articles with their prices in CNY. A star is a
// replenished article; the first two of a shelf need the third and the fourth.
var shelves = []string{
	"咖啡 coffee grinder:129 dripper:69 beans*:79 capsules*:65 kettle:189 machine:899 filters*:19 scale:119 syrup*:39 cups:99",
	"茶 tea pot:89 tray:119 longjing*:128 puer*:98 oolong*:88 jasmine*:49 caddy:69 strainer:25 cup:35 giftbox:268",
	"厨房 kitchen pan:119 wok:139 oil*:89 rice*:59 knife:129 board:49 cooker:399 scissors:29 apron:39 airfryer:459",
	"餐具 tableware dishrack:79 dinnerset:169 tablets*:69 cleaner*:19 bowls:59 plates:69 chopsticks:29 glasses:79 lunchbox:49 tablecloth:59",
	"母婴 baby warmer:129 bottle:69 nappies*:119 formula*:228 wipes*:29 crib:999 blanket:89 bib:19 monitor:399 carrier:269",
	"玩具 toys robot:99 easel:79 batteries*:29 paper*:35 blocks:159 puzzle:59 doll:79 car:99 kite:39 paints:45",
	"宠物 pet litterbox:89 feeder:119 litter*:39 catfood*:99 dogfood*:129 leash:35 bed:89 toy:19 brush:29 fountain:119",
	"美妆 beauty cleanser-brush:99 steamer:139 cleanser*:69 mask*:89 lipstick:119 foundation:169 mascara:99 perfume:399 mirror:59 nailkit:79",
	"个护 care toothbrush:119 shaver:139 brushheads*:59 blades*:69 shampoo*:49 bodywash*:39 dryer:299 towel:29 comb:15 scales:99",
	"家清 cleaning vacuum:199 mop:89 dustbags*:49 floorcare*:35 detergent*:59 bin:39 gloves:12 duster:25 robot:1999 rack:69",
	"家居 home humidifier:109 lamp:99 filter*:45 bulbs*:29 pillow:79 quilt:299 curtain:169 rug:199 frame:35 clock:69",
	"数码 digital dashcam:199 printer:299 memorycard*:99 ink*:119 headphones:499 speaker:299 charger:79 cable:29 keyboard:259 tablet:1799",
	"手机 phone handset:999 watch:199 case*:39 straps*:49 film:19 powerbank:129 stand:25 selfiestick:49 earbuds:199 holder:35",
	"运动 sport roller:129 yogamat:99 lubricant*:39 chalk*:25 dumbbells:159 rope:29 bottle:45 shoes:399 shirt:89 bag:129",
	"户外 outdoor stove:119 tent:199 gas*:25 pegs*:19 backpack:329 lantern:89 chair:119 jacket:499 boots:459 hammock:99",
	"骑行 cycling rack:109 pump:79 chainoil*:35 tubes*:29 helmet:199 lights:69 lock:59 gloves:49 jersey:159 bag:89",
	"园艺 garden planter:69 trellis:89 soil*:25 fertiliser*:29 seeds*:9 shears:49 hose:89 can:35 gloves:15 bench:459",
	"文具 office shredder:159 labeler:109 shredoil*:29 labels*:25 paper*:35 pens:19 notebook:25 stapler:15 lamp:119 chair:599",
	"零食 snacks popcornmaker:99 icemaker:139 corn*:19 fruit*:29 nuts*:59 chocolate*:49 biscuits*:25 jerky*:45 tea*:39 hamper:188",
	"服饰 clothing steamer:129 coat:199 steamwater*:19 lintroller*:15 dress:259 shirt:129 jeans:199 socks:25 scarf:89 hat:69",
}

// products of a shelf, and where the companions stand among them.
const (
	shelfSize = 10
	leading   = 2 // articles that need another
)

// catalogue is the articles, shelf after shelf.
var catalogue = stock()

// Catalogue returns the shop's articles, in the order of their categories.
func Catalogue() []Product { return append([]Product(nil), catalogue...) }

func stock() []Product {
	all := make([]Product, 0, len(shelves)*shelfSize)
	for _, shelf := range shelves {
		words := strings.Fields(shelf)
		first := len(all)
		for _, word := range words[2:] {
			name, price, _ := strings.Cut(word, ":")
			yuan, err := strconv.Atoi(price)
			if err != nil {
				panic("shop: the price of " + word + " is no number")
			}
			all = append(all, Product{
				SKU: words[1] + "-" + strings.TrimSuffix(name, "*"), Category: words[0], Price: int64(yuan) * 100,
				Replenished: strings.HasSuffix(name, "*"),
			})
		}
		for i := range leading {
			all[first+i].Companion = all[first+leading+i].SKU
		}
	}
	return all
}

// followers are the shelves from which customers buy next, by the shelf they
// bought from: toys after things for a baby, say.
var followers = func() map[int]int {
	shelf := func(name string) int {
		for i, s := range shelves {
			if strings.HasPrefix(s, name+" ") {
				return i
			}
		}
		panic("shop: no shelf " + name)
	}
	next := map[int]int{}
	for _, chain := range [][]string{
		{"母婴", "玩具", "文具"}, {"咖啡", "茶", "零食"}, {"厨房", "餐具", "家清"}, {"美妆", "个护", "服饰"},
		{"手机", "数码"}, {"户外", "骑行", "运动"}, {"家居", "园艺"},
	} {
		for i, name := range chain[1:] {
			next[shelf(chain[i])] = shelf(name)
		}
	}
	return next
}()
