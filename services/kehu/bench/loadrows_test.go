package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// base is a customer base to be loaded: so many customers, ten orders and twenty
// events of each in the mean, of two years in the order of their times. Every
// record follows from its number alone, so that any part can be made anywhere.
type base struct {
	customers int
	looks     [][]byte // what events say, each of many, as the fields of an Event on the wire
	pages     [][]byte // where they happened, likewise
}

const (
	ordersEach = 10
	eventsEach = 20
	articles   = 5000
)

func newBase(customers int) (*base, error) {
	b := &base{customers: customers}
	for n := range articles {
		look, err := structpb.NewStruct(map[string]any{
			"product_id": sku(n), "price": float64(100+n%900) / 4, "currency": "CNY", "category": category(n),
		})
		if err != nil {
			return nil, err
		}
		page, err := structpb.NewStruct(map[string]any{
			"library": map[string]any{"name": "@segment/analytics-node", "version": "3.1.0"},
			"page":    map[string]any{"url": "https://shop.example/items/" + sku(n), "title": "商品 " + sku(n)},
			"locale":  "zh-CN",
		})
		if err != nil {
			return nil, err
		}
		looked, err := proto.Marshal(&profilev1.Event{Properties: look})
		if err != nil {
			return nil, err
		}
		opened, err := proto.Marshal(&profilev1.Event{Context: page})
		if err != nil {
			return nil, err
		}
		b.looks, b.pages = append(b.looks, looked), append(b.pages, opened)
	}
	return b, nil
}

func sku(n int) string      { return fmt.Sprintf("SKU-%05d", n%articles) }
func category(n int) string { return fmt.Sprintf("女装/类目%02d", n%40) }

// customerID is as wide for every number, and so is the id of every order and event.
func customerID(n int) string { return fmt.Sprintf("C%08d", n) }

func phoneOf(n int) string { return fmt.Sprintf("+86138%08d", n) }
func emailOf(n int) string { return fmt.Sprintf("customer%d@example.com", n) }

// draws is what is drawn for a record, the same in every run.
func draws(kind kind, n int) *rand.Rand { return rand.New(rand.NewPCG(uint64(kind), uint64(n))) }

// who draws a customer by a power law, as purchases does: a few have very many.
func (b *base) who(random *rand.Rand) int {
	rank := int(float64(b.customers) * math.Pow(random.Float64(), 1.5))
	return rank * 7919 % b.customers // 7919 is prime: every customer has one rank
}

var (
	surnames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"}
	given    = []string{"芳", "伟", "秀英", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明", "超", "秀兰", "霞", "平", "小雨", "子涵", "宇轩", "欣怡"}
	cities   = [][3]string{{"广东", "深圳", "南山区"}, {"广东", "广州", "天河区"}, {"上海", "上海", "浦东新区"}, {"北京", "北京", "海淀区"}, {"江苏", "南京", "鼓楼区"}, {"浙江", "杭州", "西湖区"}, {"四川", "成都", "武侯区"}}
	streets  = []string{"科技园路", "人民路", "中山路", "解放大道", "建设街", "和平里"}
)

func (b *base) customer(n int) *profilev1.Customer {
	random := draws(ofCustomers, n)
	city := cities[random.IntN(len(cities))]
	return &profilev1.Customer{
		Name: "customers/" + customerID(n), Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL,
		DisplayName: pick(random, surnames...) + pick(random, given...),
		Gender:      profilev1.Gender(1 + random.IntN(2)),
		BirthDate:   &date.Date{Year: int32(1950 + random.IntN(55)), Month: int32(1 + random.IntN(12)), Day: int32(1 + random.IntN(28))},
		Country:     "CN", Region: city[0], City: city[1], Occupation: pick(random, "teacher", "nurse", "engineer", "clerk"),
		Acquisition: profilev1.Acquisition_ACQUISITION_ORGANIC, Interests: []string{pick(random, "tea", "hiking", "books"), "cooking"},
		PostalAddresses: []*profilev1.PostalAddress{{
			Label: "home", Country: "CN", Region: city[0], City: city[1], District: city[2], PostalCode: "518057",
			Line: fmt.Sprintf("%s%d号%d栋%d", pick(random, streets...), 1+random.IntN(300), 1+random.IntN(20), 101+random.IntN(2000)),
		}},
		Identifiers: []*profilev1.Identifier{
			{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: phoneOf(n)},
			{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: emailOf(n)},
		},
	}
}

// began is when the first order and event happened.
var began = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// at is when the n-th of so many happened.
func at(n, of int) *timestamppb.Timestamp {
	return timestamppb.New(began.Add(time.Duration(float64(n) / float64(of) * float64(2*365*24*time.Hour))))
}

func orderID(n int) string { return fmt.Sprintf("O-%010d", n) }

func (b *base) order(n int) *profilev1.Order {
	random := draws(ofOrders, n)
	o := &profilev1.Order{
		Name:      "customers/" + customerID(b.who(random)) + "/orders/" + orderID(n),
		OrderTime: at(n, ordersEach*b.customers), Status: profilev1.OrderStatus_ORDER_STATUS_PAID,
		Channel: pick(random, "tmall", "jd", "wechat", "store"), PaymentMethod: pick(random, "alipay", "wechat_pay", "card"),
	}
	var sum int64
	for range 1 + random.IntN(3) {
		item, price := random.IntN(articles), 1000+random.Int64N(50_000)
		sum += price
		o.Items = append(o.Items, &profilev1.OrderItem{Sku: sku(item), QuantityMilli: 1000, Amount: cny(price), Category: category(item)})
	}
	o.Amount, o.Discount, o.Cost = cny(sum), cny(random.Int64N(1000)), cny(sum/2)
	return o
}

func cny(minor int64) *apiv1.Money { return &apiv1.Money{MinorUnits: minor, CurrencyCode: "CNY"} }

func eventID(n int) string { return fmt.Sprintf("node-next-%013d", n) }

// appendEvent appends an event to an IngestEventsRequest on the wire. Encoding what
// every event says anew would take the caller, on the same processors, as long as
// the server takes for it.
func (b *base) appendEvent(request []byte, n int) ([]byte, error) {
	random := draws(ofEvents, n)
	own, err := proto.Marshal(&profilev1.Event{
		Name:      "customers/" + customerID(b.who(random)) + "/events/" + eventID(n),
		EventName: pick(random, "Product Viewed", "Products Searched", "Product Added", "Product Viewed", "Coupon Seen"),
		Source:    "web-shop", OriginalTime: at(n, eventsEach*b.customers),
	})
	look, page := b.looks[random.IntN(articles)], b.pages[random.IntN(articles)]
	request = protowire.AppendTag(request, eventsField, protowire.BytesType)
	request = protowire.AppendVarint(request, uint64(len(own)+len(look)+len(page)))
	return append(append(append(request, own...), look...), page...), err
}

// eventsField is the number of IngestEventsRequest.events.
const eventsField = 1

// encoded sends requests that are encoded already, and reads answers.
type encoded struct{ encoding.CodecV2 }

// Marshal passes on what is encoded.
func (c encoded) Marshal(message any) (mem.BufferSlice, error) {
	if request, ok := message.([]byte); ok {
		return mem.BufferSlice{mem.SliceBuffer(request)}, nil
	}
	return c.CodecV2.Marshal(message)
}
