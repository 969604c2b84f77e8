/* What each page has besides its words: tables to sort, to filter and to keep, links at headings,
   a search over the site.  Without it everything can be read all the same. */
'use strict';

window.ftbenchTables = (function () {
    const SITE = new URL('.', document.currentScript.src);
    const FEW = 3;    /* rows, among which nobody needs a filter */
    const MOST = 12;  /* places that a search shows */

    function make(tag, attributes, ...children) {
        const element = Object.assign(document.createElement(tag), attributes);
        element.append(...children);
        return element;
    }

    /* Tables: bodies are bands, whose heading is a row by itself, or a series with a row for each
       arm; what is shown below a series, and is no part of the table, goes with it. */

    function withSpaces(cell, without) {
        const copy = cell.cloneNode(true);
        copy.querySelectorAll(without).forEach(each => each.remove());
        copy.querySelectorAll('br, small, div').forEach(each => { each.before(' '); each.after(' '); });
        return copy.textContent.trim();
    }

    /* What a cell shows, without its signs and without the words for screen readers alone; of a
       head with those, for many show nothing else. */
    function textOf(cell) {
        const without = cell.closest('thead') ? '.sign, .mark' : '.quiet, .sign, .mark';
        return withSpaces(cell, without).replace(/\s+/g, ' ');
    }

    /* Return the cells of rows by column: those that span several are in each. */
    function grid(rows) {
        const lines = rows.map(() => []);
        rows.forEach((row, at) => [...row.cells].forEach(cell => {
            let column = 0;
            while (lines[at][column]) {
                column += 1;
            }
            lines.slice(at, at + cell.rowSpan).forEach(line =>
                line.splice(column, cell.colSpan, ...Array(cell.colSpan).fill(cell)));
        }));
        return lines;
    }

    function isBelow(body) {
        return body.querySelector(':scope > tr > .below') !== null;
    }

    function bandOf(body) {
        const cells = body.rows.length ? body.rows[0].cells : [];
        return cells.length === 1 && cells[0].scope === 'rowgroup' ? cells[0] : null;
    }

    function bodiesOf(table) {
        return [...table.tBodies].filter(body => !isBelow(body));
    }

    function rowsOf(body) {
        return [...body.rows].slice(bandOf(body) ? 1 : 0);
    }

    /* What is sorted and hidden as one: a row, or the rows that a heading spans. */
    function unitsOf(table) {
        return bodiesOf(table).flatMap(body => {
            const rows = rowsOf(body), band = bandOf(body);
            return rows.some(row => [...row.cells].some(cell => cell.rowSpan > 1))
                ? [{element: body, parent: table, rows, band}]
                : rows.map(row => ({element: row, parent: body, rows: [row], band}));
        });
    }

    /* Sorting. */

    const SIZES = {
        ns: 1e-9, 'µs': 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400,
        B: 1, KiB: 1024, MiB: 1048576, GiB: 1073741824,
    };
    const NUMBER = /^[\s≈★↑↓±<>~(]*([+−-]?)(\d+(?:\u202f\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?)(?![\d.])\s?([^\s\d(;,]*)/;

    function keyOf(cell) {
        const text = cell ? withSpaces(cell, '.quiet, .sign, .mark') : '';
        const found = NUMBER.exec(text);
        if (!found) {
            return {text, rank: /^[–-]?$/.test(text) ? 2 : 1};
        }
        const [, sign, digits, unit] = found;
        const value = Number(digits.replace(/\u202f/g, '')) * (/^[−-]$/.test(sign) ? -1 : 1);
        /* A change is a share, or from a doubling on a multiple: "+12 %" lies below "2.3×". */
        const share = unit === '%' && (sign || !value);
        return {text, rank: 0, value: share ? 1 + value / 100 : value * (SIZES[unit] || 1)};
    }

    function compared(one, other) {
        return one.rank - other.rank || (one.rank ? 0 : one.value - other.value)
            || one.text.localeCompare(other.text, 'en', {numeric: true});
    }

    const places = new WeakMap();  /* of units, as the page has them */

    function sort(table, column, direction) {
        const below = [...table.tBodies].filter(isBelow).map(body => [body.previousElementSibling, body]);
        const units = unitsOf(table);
        units.forEach((unit, place) => {
            places.set(unit.element, places.get(unit.element) ?? place);
            unit.key = keyOf(grid(unit.rows)[0][column]);
        });
        const sign = direction === 'descending' ? -1 : 1;
        units.sort((one, other) => direction === 'none'
            ? places.get(one.element) - places.get(other.element)
            /* What has no value is last either way. */
            : (one.key.rank - other.key.rank || sign * compared(one.key, other.key)));
        units.forEach(unit => unit.parent.append(unit.element));
        below.forEach(([body, own]) => body.after(own));
    }

    const NEXT = {none: 'ascending', ascending: 'descending', descending: 'none'};

    function addSorting(table) {
        const rows = [...table.tHead.rows], heads = grid(rows)[rows.length - 1];
        heads.forEach((head, column) => {
            if (head.tagName !== 'TH' || head.colSpan > 1 || head.matches('.strip, :has(a, button)')) {
                return;
            }
            const button = make('button', {type: 'button', className: 'sort', title: 'Sort by this column'},
                ...head.childNodes);
            head.append(button);
            button.addEventListener('click', () => {
                const direction = NEXT[head.getAttribute('aria-sort') || 'none'];
                heads.forEach(each => each.removeAttribute('aria-sort'));
                if (direction !== 'none') {
                    head.setAttribute('aria-sort', direction);
                }
                sort(table, column, direction);
            });
        });
    }

    /* The filter: rows with all of its words, whose heading counts as theirs. */

    function filter(table, asked, counted) {
        const words = asked.toLowerCase().split(/\s+/).filter(Boolean), units = unitsOf(table);
        units.forEach(({rows, band}) => {
            const text = [band, ...rows.flatMap(row => [...row.cells])].filter(Boolean)
                .map(textOf).join(' ').toLowerCase();
            const hidden = !words.every(word => text.includes(word));
            rows.forEach(row => { row.hidden = hidden; });
        });
        [...table.tBodies].forEach(body => {
            if (isBelow(body)) {
                body.hidden = body.previousElementSibling.rows[0].hidden;
            } else if (bandOf(body)) {
                const rows = rowsOf(body);
                body.rows[0].hidden = rows.length > 0 && rows.every(row => row.hidden);
            }
        });
        const left = units.filter(({rows}) => !rows[0].hidden).length;
        counted.textContent = words.length ? `${left} of ${units.length}` : '';
    }

    /* Files: what is shown of a table, in its order. */

    function contents(table) {
        const rows = table.tHead ? [...table.tHead.rows] : [], lines = grid(rows);
        const bodies = bodiesOf(table), banded = bodies.some(bandOf);
        const body = bodies.flatMap(each => grid(rowsOf(each).filter(row => !row.hidden)).map(cells =>
            [...(banded ? [bandOf(each) ? textOf(bandOf(each)) : ''] : []), ...cells.map(textOf)]));
        const heads = (lines[0] || []).map((_, column) =>
            [...new Set(lines.map(line => line[column]))].map(textOf).filter(Boolean).join(', '));
        const strip = lines.length ? lines[0].findIndex(cell => cell.matches('.strip')) : -1;
        const columns = [...(banded ? ['group'] : []), ...heads];
        const without = strip < 0 ? -1 : strip + (banded ? 1 : 0);
        const kept = row => row.filter((_, column) => column !== without);
        return {columns: kept(columns), rows: body.map(kept)};
    }

    /* A spreadsheet would take these for a formula. */
    const FORMULA = /^[=@\t\r]|^[+-].*[|!('"=]/;

    function csv({columns, rows}) {
        const field = text => `"${FORMULA.test(text) ? "'" : ''}${text.replace(/"/g, '""')}"`;
        return [...(columns.length ? [columns] : []), ...rows].map(row => row.map(field).join(','))
            .join('\r\n');
    }

    const FORMATS = {CSV: csv, JSON: table => JSON.stringify(table, null, 1)};

    function save(text, name) {
        const address = URL.createObjectURL(new Blob([text], {type: 'text/plain;charset=utf-8'}));
        make('a', {href: address, download: name}).click();
        setTimeout(() => URL.revokeObjectURL(address));
    }

    function toolsOf(table) {
        const title = table.caption ? table.caption.textContent.trim() : 'table';
        const line = make('div', {className: 'table-tools'});
        if (unitsOf(table).length > FEW || table.closest('.ranking')) {
            const counted = make('output', {});
            const input = make('input', {type: 'search', placeholder: 'Filter rows', autocomplete: 'off'});
            input.setAttribute('aria-label', `Filter: ${title}`);
            table.refilter = () => filter(table, input.value, counted);
            input.addEventListener('input', table.refilter);
            line.append(input, counted);
        }
        Object.entries(FORMATS).forEach(([name, write]) => {
            const button = make('button', {type: 'button', title: `${title}, as ${name}`}, name);
            button.addEventListener('click', () => save(write(contents(table)),
                `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.${name.toLowerCase()}`));
            line.append(button);
        });
        line.append(make('span', {className: 'more'}, 'more columns \u2192'));
        return line;
    }

    const wide = new ResizeObserver(entries => entries.forEach(({target}) => {
        const scroll = target.closest('.scroll');
        /* A table that a script has replaced is in none. */
        scroll?.classList.toggle('wider', scroll.scrollWidth > scroll.clientWidth + 1);
    }));

    const seen = new WeakSet();

    /* Give the tables in a place their tools; those that have them, what was drawn anew. */
    function attach(place) {
        place.querySelectorAll('table').forEach(table => {
            const scroll = table.closest('.scroll');
            if (table.tHead) {
                addSorting(table);
            }
            if (!seen.has(table)) {
                seen.add(table);
                (scroll ? scroll.firstChild : table).before(toolsOf(table));
                if (scroll) {
                    [scroll, table].forEach(each => wide.observe(each));
                }
            }
            if (table.refilter) {
                table.refilter();
            }
        });
    }

    /* Headings. */

    function addLinks() {
        document.querySelectorAll('main :is(h1, h2, h3)').forEach(heading => {
            const text = textOf(heading), summary = heading.closest('summary');
            const id = heading.id || text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
            if (heading.closest('.picker, .detail') || heading.getAttribute('aria-live')
                || (!heading.id && document.getElementById(id))) {
                return;
            }
            heading.id = id;
            const link = make('a', {className: 'own', href: `#${id}`, title: `Link to: ${text}`}, '#');
            link.setAttribute('aria-label', link.title);
            /* What is in a summary opens and closes it. */
            if (summary) {
                summary.after(link);
            } else {
                heading.append(' ', link);
            }
        });
    }

    /* What is folded opens for its address. */
    function reveal() {
        const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        const folded = [];
        for (let at = place && place.closest('details'); at; at = at.parentElement.closest('details')) {
            folded.push(at);
        }
        folded.filter(each => !each.open).forEach(each => { each.open = true; });
        if (folded.length) {
            place.scrollIntoView();
        }
    }

    /* The search: its index is a script, which a browser loads from a disk, too. */

    function addSearch() {
        const input = make('input', {type: 'search', placeholder: 'Search', autocomplete: 'off'});
        const hits = make('ul', {hidden: true}), said = make('output', {className: 'quiet'});
        const box = make('div', {className: 'search'}, input, hits, said);
        let script = null;
        input.setAttribute('aria-label', 'Search pages, benchmarks and claims');

        function find() {
            const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
            const every = window.ftbenchSearch || [];
            const found = every.filter(([text, where, href]) => {
                const all = `${text} ${where} ${href}`.toLowerCase();
                return words.length && words.every(word => all.includes(word));
            });
            const own = ([text]) => words.every(word => text.toLowerCase().includes(word)) ? 0 : 1;
            found.sort((one, other) => own(one) - own(other));
            hits.replaceChildren(...found.slice(0, MOST).map(([text, where, href]) => make('li', {},
                make('a', {href: new URL(href, SITE)}, text, make('small', {}, where)))));
            said.textContent = !words.length ? '' : `${found.length} found`;
            if (words.length && !found.length) {
                hits.append(make('li', {}, script.failed ? 'The index could not be loaded.'
                    : window.ftbenchSearch ? 'Nothing found.' : 'Loading \u2026'));
            }
            hits.hidden = !words.length;
        }

        input.addEventListener('focus', () => {
            if (!script) {
                script = make('script', {src: new URL('search.js', SITE), onload: find});
                script.onerror = () => { script.failed = true; find(); };
                document.head.append(script);
            }
            find();
        });
        input.addEventListener('input', find);
        box.addEventListener('focusout', event => {
            if (!box.contains(event.relatedTarget)) {
                hits.hidden = true;
            }
        });
        box.addEventListener('keydown', event => {
            const stops = [input, ...hits.querySelectorAll('a')];
            const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
            if (event.key === 'Escape') {
                input.value = '';
                input.focus();
                find();
            } else if (step && stops[stops.indexOf(document.activeElement) + step]) {
                event.preventDefault();
                stops[stops.indexOf(document.activeElement) + step].focus();
            }
        });
        document.querySelector('.bar .wrap').append(box);
    }

    window.addEventListener('DOMContentLoaded', () => {
        addSearch();
        attach(document.querySelector('main'));
        addLinks();
        window.addEventListener('hashchange', reveal);
        reveal();
    });

    return Object.assign(attach, {contents});
}());
