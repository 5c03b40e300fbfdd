'use strict'
// A small collector as others write them: Fastify, a JSON schema, prom-client.
// Environment: PORT (0: any), TOKEN (bearer token wanted on every route), KEEP_ALIVE_MS.
// Prints its port when it listens.

const fastify = require('fastify')
const prometheus = require('prom-client')

const QOS = '/api/v1/metrics/qos'
const sample = {
  type: 'object',
  required: ['sessionId', 'mos', 'packetLoss', 'roundTripTime'],
  properties: {
    sessionId: { type: 'string' },
    mos: { type: 'number' },
    packetLoss: { type: 'number' },
    roundTripTime: { type: 'number' },
    bridgeId: { type: 'string' },
    productionId: { type: 'string' },
    lineId: { type: 'string' },
    direction: { type: 'string', enum: ['ingress', 'egress'] },
    observedAt: { type: 'number' }
  }
}

function metrics (samples) {
  prometheus.collectDefaultMetrics()
  const mean = (field) => () => {
    let sum = 0
    for (const one of samples.values()) sum += one[field]
    return samples.size ? sum / samples.size : 0
  }
  const gauges = {
    intercom_webrtc_mos_mean: mean('mos'),
    intercom_webrtc_packet_loss_mean: mean('packetLoss'),
    intercom_webrtc_rtt_mean: mean('roundTripTime'),
    intercom_webrtc_active_sessions: () => samples.size
  }
  for (const [name, value] of Object.entries(gauges)) {
    new prometheus.Gauge({ name, help: name, collect () { this.set(value()) } })
  }
  return new prometheus.Counter({ name: 'intercom_qos_reports_total', help: 'Accepted reports' })
}

function main (env) {
  const app = fastify(env.KEEP_ALIVE_MS ? { keepAliveTimeout: Number(env.KEEP_ALIVE_MS) } : {})
  const samples = new Map()
  const reports = metrics(samples)

  if (env.TOKEN) {
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization !== `Bearer ${env.TOKEN}`) {
        return reply.code(401).send({ error: 'unauthorized' })
      }
    })
  }
  app.post(QOS, { schema: { body: sample } }, async (request, reply) => {
    samples.set(request.body.sessionId, { observedAt: Date.now(), ...request.body })
    reports.inc()
    return reply.code(202).send({ status: 'accepted' })
  })
  app.get(QOS, async () => ({ samples: [...samples.values()] }))
  app.get('/metrics', async (request, reply) => {
    return reply.type(prometheus.register.contentType).send(await prometheus.register.metrics())
  })
  app.listen({ host: '127.0.0.1', port: Number(env.PORT || 0) }, (error) => {
    if (error) throw error
    console.log(app.server.address().port)
  })
}

main(process.env)
