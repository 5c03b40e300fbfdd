// One series in a bounded number of points, as history.py beside this file keeps it: the newest as
// they are, older ones as the least, the greatest and a gap of buckets that double in length.
const RECENT = 300;
const BUCKETS = 300;

export class Track {
  constructor() {
    this.recent = [];
    this.buckets = [];
    this.length = 1;
  }

  add(t, value) {
    this.recent.push([t, value]);
    if (this.recent.length > RECENT) {
      this.fold(this.recent.shift());
    }
  }

  fold(point) {
    put(this.buckets, Math.floor(point[0] / this.length), point);
    while (this.buckets.length > BUCKETS) {
      this.length *= 2;
      const merged = [];
      for (const bucket of this.buckets) {
        for (const kept of points(bucket)) {
          put(merged, Math.floor(bucket.number / 2), kept);
        }
      }
      this.buckets = merged;
    }
  }

  // Times and values, in order.
  columns() {
    const all = [...this.buckets.flatMap(points), ...this.recent];
    return [all.map((point) => point[0]), all.map((point) => point[1])];
  }

  get last() {
    return this.recent.length ? this.recent[this.recent.length - 1][1] : null;
  }
}

function put(buckets, number, point) {
  let bucket = buckets[buckets.length - 1];
  if (!bucket || bucket.number !== number) {
    bucket = { number, least: null, most: null, gap: null };
    buckets.push(bucket);
  }
  if (point[1] === null) {
    bucket.gap = bucket.gap || point;
    return;
  }
  if (!bucket.least || point[1] < bucket.least[1]) {
    bucket.least = point;
  }
  if (!bucket.most || point[1] > bucket.most[1]) {
    bucket.most = point;
  }
}

function points(bucket) {
  const kept = [...new Set([bucket.least, bucket.most, bucket.gap])].filter(Boolean);
  return kept.sort((one, other) => one[0] - other[0]);
}
