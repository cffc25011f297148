// The official Node client against the served sandbox. `make sdk` installs it and runs this; SANDBOX_URL says where.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Webflow, WebflowClient } from "webflow-api";

const base = process.env.SANDBOX_URL;
const client = new WebflowClient({
  accessToken: "sandbox",
  environment: { base, dataApi: base, contentDeliveryApi: base },
  maxRetries: 0,
});
const items = client.collections.items; // its write calls take the body's own keys beside skipInvalidFiles

async function tags() {
  const { sites } = await client.sites.list();
  const { collections } = await client.collections.list(sites[0].id);
  return collections.find((collection) => collection.slug === "tags").id;
}

function item(slug, fields = {}) {
  return { isArchived: false, isDraft: false, fieldData: { name: `Tag ${slug}`, slug, ...fields } };
}

test("sites and collections are listed", async () => {
  const { sites } = await client.sites.list();
  assert.equal(sites.length, 1);
  assert.match(sites[0].id, /^[0-9a-f]{24}$/);
  const { collections } = await client.collections.list(sites[0].id);
  assert.deepEqual(collections.map((c) => c.slug).sort(), ["authors", "blog-posts", "products", "tags"]);
});

test("a collection is read with its fields", async () => {
  const collection = await client.collections.get(await tags());
  assert.equal(collection.slug, "tags");
  assert.equal(collection.fields.find((field) => field.slug === "color").type, "Color");
});

test("one live item is created, found by its slug, updated and unpublished", async () => {
  const collection = await tags();
  const made = await items.createItemLive(collection, { ...item("node-one"), skipInvalidFiles: false });
  assert.match(made.id, /^[0-9a-f]{24}$/);
  assert.equal(made.fieldData.slug, "node-one");
  assert.ok(made.lastPublished);

  const found = await items.listItemsLive(collection, { slug: "node-one" });
  assert.deepEqual(found.items.map((one) => one.id), [made.id]);
  assert.equal(found.pagination.total, 1);

  const changed = await items.updateItemLive(collection, made.id, { fieldData: { name: "Renamed" } });
  assert.equal(changed.fieldData.name, "Renamed");

  await items.deleteItemLive(collection, made.id);
  assert.equal((await items.listItemsLive(collection, { slug: "node-one" })).items.length, 0);
  const staged = await items.getItem(collection, made.id);
  assert.equal(staged.isDraft, true);
  assert.ok(!staged.lastPublished);
});

test("many items are created in one call", async () => {
  const collection = await tags();
  const slugs = Array.from({ length: 100 }, (_, number) => `node-many-${number}`);
  const made = await items.createItemLive(collection, { items: slugs.map((slug) => item(slug)) });
  assert.deepEqual(made.items.map((one) => one.fieldData.slug).sort(), [...slugs].sort());
});

test("a 400 is a BadRequestError that names the field", async () => {
  const collection = await tags();
  await assert.rejects(items.createItemLive(collection, item("node-bad", { color: "no colour" })), (error) => {
    assert.ok(error instanceof Webflow.BadRequestError);
    assert.equal(error.statusCode, 400);
    assert.equal(error.body.code, "validation_error");
    assert.equal(error.body.details[0].param, "color");
    return true;
  });
});

test("a 404 is a NotFoundError", async () => {
  const collection = await tags();
  await assert.rejects(items.getItem(collection, "0123456789abcdef01234567"), (error) => {
    assert.ok(error instanceof Webflow.NotFoundError);
    assert.equal(error.body.code, "resource_not_found");
    return true;
  });
});

test("a 429 is a TooManyRequestsError with the headers of the limit", async () => {
  const collection = await tags();
  const control = (switches) =>
    fetch(`${base.replace(/\/v2$/, "")}/_sandbox`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ switches }),
    });
  assert.equal((await control({ rate_limit: "1" })).status, 200);
  await assert.rejects(
    async () => {
      await client.collections.get(collection);
      await client.collections.get(collection);
    },
    (error) => {
      assert.ok(error instanceof Webflow.TooManyRequestsError);
      assert.equal(error.body.code, "too_many_requests");
      assert.equal(error.rawResponse.headers.get("x-ratelimit-remaining"), "0");
      assert.ok(Number(error.rawResponse.headers.get("retry-after")) > 0);
      return true;
    },
  );
});
