/**
 * The page of an access request, as the server sends it for every number alike. What it shows comes later, by
 * `script.ts`, to somebody with a token. A string, so that it is packed with the code.
 */
export const PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Access request - Sallyport</title>
<link rel="stylesheet" href="/r/page.css">
<script src="/r/page.js" defer></script>
</head>
<body>
<header>
  <p class="brand">Sallyport</p>
  <button id="forget" type="button" class="quiet" hidden>Forget my token</button>
</header>
<main>
  <h1 id="title" tabindex="-1">Access request</h1>
  <p class="number"><code id="number"></code> <span id="state" class="state" hidden></span></p>
  <noscript><p class="notice">This page needs JavaScript. <code>sallyport approvals show</code> does without.</p></noscript>
  <p id="notice" class="notice" role="status" aria-live="polite"></p>
  <p id="trouble" class="notice trouble" role="alert"></p>

  <form id="sign-in" class="card" autocomplete="off">
    <label for="token">Your token</label>
    <input id="token" type="password" required autocomplete="off" autocapitalize="off" spellcheck="false"
      aria-describedby="token-hint">
    <p id="token-hint" class="hint">Of your identity provider, or the local administrator's. It stays in this
      page, and is gone when you leave it.</p>
    <button type="submit" class="plain">Show the request</button>
  </form>

  <section id="request" aria-labelledby="what" hidden>
    <h2 id="what"></h2>
    <pre id="command" tabindex="0" aria-label="What is asked for"></pre>
    <dl id="facts"></dl>
    <details id="more" hidden>
      <summary>All parameters</summary>
      <pre id="parameters" tabindex="0" aria-label="Parameters"></pre>
    </details>
  </section>

  <p id="why" class="notice" hidden></p>

  <form id="approve" class="card" hidden>
    <h2>Approve</h2>
    <div class="fields">
      <p><label for="uses">Times that it may be used</label>
        <input id="uses" type="number" min="1" step="1" inputmode="numeric"></p>
      <p><label for="minutes">Minutes that it is valid</label>
        <input id="minutes" type="number" min="1" step="1" inputmode="numeric"></p>
    </div>
    <p class="hint">You may give less than is asked for, never more.</p>
    <label for="comment">Comment <span class="hint">(optional)</span></label>
    <input id="comment" type="text" maxlength="500" autocomplete="off">
    <button type="submit" class="yes">Approve</button>
  </form>

  <form id="deny" class="card" hidden>
    <h2>Deny</h2>
    <label for="deny-reason">Reason, for the one who asked</label>
    <input id="deny-reason" type="text" maxlength="500" required autocomplete="off">
    <button type="submit" class="no">Deny</button>
  </form>

  <form id="revoke" class="card" hidden>
    <h2 id="revoke-title">Revoke</h2>
    <label for="revoke-reason">Reason, for the one who asked</label>
    <input id="revoke-reason" type="text" maxlength="500" required autocomplete="off">
    <button type="submit" class="no">Revoke</button>
  </form>
</main>
</body>
</html>
`
