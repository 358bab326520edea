// Sends one call of every kind with Segment's SDK, unchanged, and prints the
// bodies of the requests as one JSON list.
//
//   node segment.js HOST
const { Analytics } = require('@segment/analytics-node')

const sent = []
const failed = []
const analytics = new Analytics({ writeKey: 'web-shop', host: process.argv[2], flushAt: 5, flushInterval: 200 })
analytics.on('http_request', (request) => sent.push(request.body))
analytics.on('error', (error) => failed.push(String(error.reason ?? error.code)))

const visitor = 'f7a1c3d0-visitor'
analytics.page({ anonymousId: visitor, name: 'Home', category: 'Shop', properties: { url: 'https://shop.example/', dwell_ms: 4200 } })
analytics.track({ anonymousId: visitor, event: 'Products Searched', properties: { query: '羽绒服', results: 0 } })
analytics.identify({
  userId: 'user-1', anonymousId: visitor,
  traits: { name: '王芳', email: 'Fang.Wang@Example.com', birthday: new Date('1990-05-17'), address: { city: '深圳' }, plan: 'gold' },
})
analytics.track({
  userId: 'user-1', event: 'Order Completed', timestamp: new Date('2026-02-28T10:00:00.123Z'),
  properties: { order_id: 'o-1', total: 39.95, currency: 'USD', products: [{ sku: 'S1', price: 19.95, quantity: 1 }, { product_id: 'S2' }] },
})
analytics.track({ userId: 'user-1', event: 'Anything At All', properties: { nested: { list: [1, 2.5, 'drei', null, true] } }, integrations: { All: false } })
analytics.screen({ userId: 'user-1', name: 'Basket' })
analytics.group({ userId: 'user-1', groupId: 'acme', traits: { name: 'Acme', employees: 50 } })
analytics.alias({ userId: 'user-1', previousId: 'older-visitor' })

analytics.closeAndFlush({ timeout: 10000 }).then(() => {
  if (failed.length > 0) {
    console.error(failed.join('\n'))
    process.exit(1)
  }
  console.log(`[${sent.join(',')}]`)
})
