/**
 * Draws the API's description. Requests are not sent from here: the API listens on another port, and lets no other
 * site's page speak to it.
 */

/* global SwaggerUIBundle */

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  docExpansion: 'list',
  // Else it would send the description to a validator on the internet.
  validatorUrl: null,
  // No "Try it out".
  supportedSubmitMethods: [],
});
