// The one function for every URL that people see: in logs, in /readyz, in messages about settings. Drivers put URLs into their
// messages as they were configured, so that it also cleans text that we did not write.
//
// A password may be anything, such as `p@ss/word`, and then the URL is none: what is removed reaches from `://` to the last
// `@` of the same word. Rather too much is removed than too little. The work is linear in the text: a machine may have sent it.

/** Its length is bounded, so that no letter is looked at more than so often. */
const scheme = '[a-z][a-z0-9+.-]{0,15}://';
/** A word that has a URL in it. JSON text ends words with quotes and backslashes, too. */
const words = new RegExp(`${scheme}[^\\s"'<>\\\\]+`, 'gi');
const betweenUrls = new RegExp(`,(?=${scheme})`, 'i');
/** Drivers take passwords from here, too: `?user=u&password=p`. */
const secretParameters = /([?&;](?:pass\w*|pwd|\w*secret|\w*token|\w*key|user|code)=)[^&;#\s"'<>\\]*/gi;

/** Removes user, password and secret parameters of every URL in a text. */
export function hideCredentials(text: string): string {
  return text.includes('://') ? text.replaceAll(words, hideInList) : text;
}

/**
 * The same for the value of a setting, which is one URL or a list of them as a whole: a password may hold blanks and quotes.
 * A value with `@` and without a scheme may be a URL whose scheme was forgotten.
 */
export function hideSetting(value: string): string {
  if (value.includes('://')) return hideInList(value);
  const at = value.lastIndexOf('@');
  return value.lastIndexOf(':', at) === -1 ? value : value.slice(at + 1);
}

function hideInList(urls: string): string {
  return urls.split(betweenUrls).map(hideLogin).join(',').replaceAll(secretParameters, '$1(secret)');
}

function hideLogin(url: string): string {
  const begin = url.indexOf('://') + '://'.length;
  const at = url.lastIndexOf('@');
  return at < begin ? url : url.slice(0, begin) + url.slice(at + 1);
}
