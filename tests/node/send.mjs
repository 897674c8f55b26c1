// Sends one person's visit with an SDK that is used as its own pages say: node send.mjs SDK HOST KEY USER COUNT
import { createRequire } from "node:module";

const [sdk, host, key, user, count] = process.argv.slice(2);
const load = createRequire(`${process.cwd()}/`);

const failed = (error) => {
  console.error(String(error?.stack ?? error));
  process.exitCode = 1;
};

const visits = {
  async segment() {
    const { Analytics } = load("@segment/analytics-node");
    const analytics = new Analytics({ writeKey: key, host, flushAt: 20, flushInterval: 200 });
    analytics.on("error", failed);
    const who = { userId: user, anonymousId: `${user}-anonymous` };
    analytics.page({ anonymousId: who.anonymousId, name: "Home", properties: { path: "/" } });
    analytics.identify({ ...who, traits: { email: `${user}@example.org` } });
    for (let n = 0; n < count; n++)
      analytics.track({ userId: user, event: "Product Viewed", properties: { product_id: `${n}` } });
    await analytics.closeAndFlush({ timeout: 60_000 });
  },

  async rudderstack() {
    const RudderAnalytics = load("@rudderstack/rudder-sdk-node");
    const analytics = new RudderAnalytics(key, { dataPlaneUrl: host, flushAt: 20, flushInterval: 200 });
    const sent = [];
    const call = (type, message) =>
      sent.push(
        new Promise((settle) => {
          analytics[type](message, (error) => {
            if (error) failed(error);
            settle();
          });
        }),
      );
    const who = { userId: user, anonymousId: `${user}-anonymous` };
    call("page", { anonymousId: who.anonymousId, name: "Home", properties: { path: "/" } });
    call("identify", { ...who, traits: { email: `${user}@example.org` } });
    for (let n = 0; n < count; n++)
      call("track", { userId: user, event: "Product Viewed", properties: { product_id: `${n}` } });
    await Promise.all(sent);
  },
};

await visits[sdk]();
