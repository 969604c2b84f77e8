/* Releases by name: asv's pages know a release by its commit id, their readers by its tag. */
'use strict';

$(document).ready(function () {
    var tags = window.ftbench_tags;

    function id_of(name) {
        return Object.keys(tags).find(function (id) { return tags[id] === name; }) || name;
    }

    var get_commit_hash = $.asv.get_commit_hash;
    $.asv.get_commit_hash = function (revision) {
        var id = get_commit_hash(revision);
        return tags[id] || id;
    };

    var get_revision = $.asv.get_revision;
    $.asv.get_revision = function (name) {
        return get_revision(id_of(name));
    };

    /* In addresses the ids stay: asv reads a range of commits as letters and digits only. */
    var format_hash_string = $.asv.format_hash_string;
    $.asv.format_hash_string = function (info) {
        if (info.params && info.params.commits) {
            info.params.commits = info.params.commits.map(function (commits) {
                return commits.split('-').map(id_of).join('-');
            });
        }
        return format_hash_string(info);
    };
});
